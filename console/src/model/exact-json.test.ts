import { expect, test } from "vitest";
import { LongNumber, parseExact } from "./exact-json";

test("numbers that a double holds are numbers", () => {
  expect(parseExact('{"a": 1.5, "b": [9007199254740991], "c": "12345678901234567890"}')).toEqual({
    a: 1.5,
    b: [9007199254740991],
    c: "12345678901234567890",
  });
});

test("a long number is written with the digits that it had", () => {
  expect(String(new LongNumber("12345678901234567890"))).toBe("12345678901234567890");
});
