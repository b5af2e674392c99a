import { expect, test } from "vitest";
import { readTraceSearch } from "./search";

test("what the URL may say is read, anything else is left", () => {
  const search = { view: "map", row: "0123456789abcdef", zoom: "0.25-0.5", since: "15m", other: "x" };
  expect(readTraceSearch(search)).toEqual({ view: "map", row: "0123456789abcdef", zoom: "0.25-0.5", since: "15m" });
  const looked = { shown: "failed", find: "pay", node: "AWS::Lambda intake" };
  expect(readTraceSearch(looked)).toEqual(looked);
  expect(readTraceSearch({ shown: "all", find: "" })).toEqual({});
  expect(readTraceSearch({ view: "everything", row: {}, zoom: 3 })).toEqual({});
});

test("an id of digits alone, written without quotes, is an id", () => {
  expect(readTraceSearch({ row: 123456789012345 })).toEqual({ row: "0123456789012345" });
  // Beyond this the router has lost digits, and any id would be a guess.
  expect(readTraceSearch({ row: 1e19 })).toEqual({});
});
