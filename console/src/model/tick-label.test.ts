import { expect, test } from "vitest";
import { tickLabel } from "./tick-label";

test("a tick is written as fine as its axis", () => {
  const at = new Date(2026, 2, 1, 14, 3, 7, 250).getTime() / 1_000;
  expect([0.5, 10, 300, 86_400].map((step) => tickLabel(at, step))).toEqual([
    "14:03:07.2",
    "14:03:07",
    "14:03",
    "1 Mar",
  ]);
  expect(tickLabel(new Date(2026, 2, 2).getTime() / 1_000, 3_600)).toBe("2 Mar");
});
