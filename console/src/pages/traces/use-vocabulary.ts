// What the query bar completes from: all that was seen in traces since the console was opened.

import { useMemo } from "react";
import { useGroups } from "../../components/groups";
import { type Vocabulary, VocabularyBuilder } from "../../model/filter/vocabulary";
import type { TraceRow } from "../../model/trace-row";

const seen = new VocabularyBuilder();

export function useVocabulary(rows: readonly TraceRow[]): Vocabulary {
  const { data: groups } = useGroups();
  return useMemo(() => {
    seen.add(rows);
    return seen.vocabulary((groups ?? []).map(({ name }) => name));
  }, [rows, groups]);
}
