import { expect, test } from "vitest";
import { parseTraceId } from "./trace-id";

test("both spellings of a trace id mean the same", () => {
  const xray = "1-67891233-abcdef012345678912345678";
  expect(parseTraceId(xray)).toBe(xray);
  expect(parseTraceId("67891233abcdef012345678912345678")).toBe(xray);
  expect(parseTraceId(" 1-67891233-ABCDEF012345678912345678 ")).toBe(xray);
});

test("anything else is no trace id", () => {
  for (const text of ["", "hello", "2-67891233-abcdef012345678912345678", "1-67891233-abc", `${"0".repeat(33)}`]) {
    expect(parseTraceId(text), text).toBeUndefined();
  }
});
