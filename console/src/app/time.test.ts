import { expect, test } from "vitest";
import { epochSeconds, fromWholeMinute } from "./time";

function window(from: number, to: number) {
  return { from: epochSeconds(from), to: epochSeconds(to) };
}

test("a window of a quarter of an hour begins with a whole minute, and is no longer than it was", () => {
  expect(fromWholeMinute(window(61.5, 961.5))).toEqual(window(120, 961.5));
  expect(fromWholeMinute(window(120, 1020))).toEqual(window(120, 1020));
  expect(fromWholeMinute(window(61.5, 361.5))).toEqual(window(61.5, 361.5));
});
