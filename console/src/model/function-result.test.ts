import { expect, test } from "vitest";
import { decodeLogTail, jsonProblem, readable, readFunctionError, readReport } from "./function-result";

test("an exception of Python is told with its frames", () => {
  const payload = JSON.stringify({
    errorMessage: "bad thing",
    errorType: "ValueError",
    requestId: "x",
    stackTrace: ['  File "/var/task/app.py", line 17, in handler\n    raise ValueError()\n'],
  });
  expect(readFunctionError(payload)).toEqual({
    type: "ValueError",
    message: "bad thing",
    stack: ['  File "/var/task/app.py", line 17, in handler\n    raise ValueError()'],
  });
});

test("an exception of Node has its frames elsewhere", () => {
  const payload = JSON.stringify({ errorType: "TypeError", errorMessage: "no", trace: ["TypeError: no", "    at f"] });
  expect(readFunctionError(payload).stack).toEqual(["TypeError: no", "    at f"]);
});

test("what is no error document is told as it is", () => {
  expect(readFunctionError("oops")).toEqual({ type: "Unhandled", message: "oops", stack: [] });
  expect(readFunctionError("{}")).toEqual({ type: "Unhandled", message: "", stack: [] });
});

test("JSON is laid out, other text is left alone", () => {
  expect(readable('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(readable("plain {")).toBe("plain {");
  expect(readable("null")).toBe("null");
});

test("what is no JSON says why", () => {
  expect(jsonProblem('{"a": }')).toBeTruthy();
  expect(jsonProblem("[1]")).toBeUndefined();
  expect(jsonProblem("  ")).toBeUndefined();
});

test("the tail of a log is text in base64", () => {
  expect(decodeLogTail(Buffer.from("grüße\n").toString("base64"))).toBe("grüße\n");
});

test("the report of a cold start has its initialization", () => {
  const log =
    "START RequestId: a\nREPORT of nothing\nEND RequestId: a\nREPORT RequestId: a\tDuration: 1.73 ms\t" +
    "Billed Duration: 99 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 96.20 ms\t\n" +
    "XRAY TraceId: 1-67891233-abcdef012345678912345678\tSegmentId: 463ac35c9f6413ad\tSampled: true\t\n";
  expect(readReport(log)).toEqual({
    requestId: "a",
    durationMs: 1.73,
    billedMs: 99,
    memoryMb: 128,
    usedMb: 40,
    initMs: 96.2,
  });
});

test("a log without a report has none", () => {
  expect(readReport("START RequestId: a\n")).toBeUndefined();
});
