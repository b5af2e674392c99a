import { expect, test } from "vitest";
import { parseExact } from "./exact-json";

test("numbers that a double holds are numbers", () => {
  expect(parseExact('{"a": 1.5, "b": [9007199254740991], "c": "12345678901234567890"}')).toEqual({
    a: 1.5,
    b: [9007199254740991],
    c: "12345678901234567890",
  });
});
