// The document of a row as the X-Ray API gives it out.

import { useMemo } from "react";
import type { Entity } from "../../../model/trace/documents";
import { Code } from "./code";

export function RawDocument({ entity }: { entity: Entity }) {
  const text = useMemo(() => JSON.stringify(entity, null, 2), [entity]);
  return <Code text={text} what="document" />;
}
