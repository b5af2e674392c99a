import { expect, test } from "vitest";
import { nameProblem, readEvents, TEMPLATES, withEvent, withoutEvent } from "./test-event";

const A = { name: "a", text: "{}" };
const B = { name: "b", text: "[]" };

test("what was kept comes back, and what is broken is left out", () => {
  expect(readEvents(JSON.stringify([A, { name: 1 }, null, B]))).toEqual([A, B]);
  expect(readEvents("{")).toEqual([]);
  expect(readEvents("7")).toEqual([]);
  expect(readEvents(null)).toEqual([]);
});

test("an event takes the place of the one of its name", () => {
  const changed = { ...A, text: "1" };
  expect(withEvent([A, B], changed)).toEqual([changed, B]);
  expect(withEvent([B], A)).toEqual([A, B]);
  expect(withoutEvent([A, B], "a")).toEqual([B]);
});

test("names are short words, and not those of templates", () => {
  expect(nameProblem("a-1.b_c")).toBeUndefined();
  expect(nameProblem(" ")).toBeTruthy();
  expect(nameProblem("two words")).toBeTruthy();
  expect(nameProblem("hello-world")).toBeTruthy();
});

test("templates are JSON", () => {
  for (const template of TEMPLATES) expect(() => JSON.parse(template.text)).not.toThrow();
});
