// The clauses that are asked for, each with a button that takes it away: also those against a value that, being
// excluded, no facet shows any more.

import TokenGroup from "@cloudscape-design/components/token-group";
import { clausesOf, withoutClause } from "../../model/filter/clauses";

interface Props {
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
}

export function AskedClauses({ filter, onFilter }: Props) {
  const clauses = clausesOf(filter) ?? [];
  return (
    <TokenGroup
      items={clauses.map(({ text }) => ({ label: text, dismissLabel: `Take away ${text}` }))}
      onDismiss={({ detail }) => onFilter(withoutClause(filter, clauses[detail.itemIndex]?.text ?? ""))}
      limit={6}
    />
  );
}
