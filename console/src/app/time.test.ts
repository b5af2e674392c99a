import { expect, test } from "vitest";
import { epochSeconds, graphWindowOf } from "./time";

test("a graph that moves along begins with a whole minute, and is of no longer time than was asked for", () => {
  expect(graphWindowOf({}, epochSeconds(961.5))).toEqual({ from: 120, to: 961.5 });
  expect(graphWindowOf({ since: "15m" }, epochSeconds(1020))).toEqual({ from: 120, to: 1020 });
  expect(graphWindowOf({ since: "5m" }, epochSeconds(361.5))).toEqual({ from: 61.5, to: 361.5 });
});

test("a graph of a chosen time is of just that", () => {
  expect(graphWindowOf({ from: 61.5, to: 9061.5 })).toEqual({ from: 61.5, to: 9061.5 });
});
