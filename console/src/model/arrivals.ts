// What came in since somebody began to wait for a trace.

import { healthOf, type LedgerLine } from "./doctor";

/** What went wrong since the first of two reports: lines of documents lost or requests left out, with how many are new. */
export function newTroubles(before: readonly LedgerLine[], after: readonly LedgerLine[]): LedgerLine[] {
  const keyOf = ({ door, client, class: of, cause }: LedgerLine) => [door, client, of, cause].join("\n");
  const counts = new Map(before.map((line) => [keyOf(line), line.count]));
  return after
    .filter((line) => healthOf(line) === "lost" || line.class === "unsampled")
    .map((line) => ({ ...line, count: line.count - (counts.get(keyOf(line)) ?? 0) }))
    .filter(({ count }) => count > 0);
}
