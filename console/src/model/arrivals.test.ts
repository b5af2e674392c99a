import { expect, test } from "vitest";
import { newTroubles } from "./arrivals";
import type { LedgerLine } from "./doctor";

const line = (of: LedgerLine["class"], count: number): LedgerLine => ({
  door: "daemon",
  client: "127.0.0.1",
  class: of,
  cause: of,
  count,
  mend: "",
});

test("only what is new is told, and only what is in the way of a trace", () => {
  const before = [line("received", 5), line("refused", 2)];
  const after = [line("received", 9), line("refused", 5), line("trimmed", 1), line("unsampled", 1)];
  expect(newTroubles(before, after)).toEqual([line("refused", 3), line("unsampled", 1)]);
  expect(newTroubles(after, after)).toEqual([]);
});
