import { expect, test } from "vitest";
import { newTraceId, readTraceHeader } from "./trace-header";

test("a header tells the trace and the decision", () => {
  const root = "1-67891233-abcdef012345678912345678";
  expect(readTraceHeader(`Root=${root};Parent=463ac35c9f6413ad;Sampled=1;Lineage=1:0c5f0a5c:0`)).toEqual({
    root,
    sampled: true,
  });
  expect(readTraceHeader(`root=${root};sampled=0`)).toEqual({ root, sampled: false });
  expect(readTraceHeader(`Root=${root};Sampled=?`)).toEqual({ root, sampled: undefined });
  expect(readTraceHeader(null)).toEqual({ root: undefined, sampled: undefined });
});

test("a new id begins with its second", () => {
  const random = Uint8Array.from({ length: 12 }, (_, place) => place);
  expect(newTraceId(0x67891233 * 1000 + 999, random)).toBe("1-67891233-000102030405060708090a0b");
});
