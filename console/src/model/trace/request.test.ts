import { expect, test } from "vitest";
import { parseTraceId } from "../trace-id";
import { annotationFilter } from "./annotation-filter";
import { awsCommand, traceFile } from "./export";
import { coldRequest, entity } from "./fixture";
import { functionsOf, linkedTraces, requestOf } from "./request";
import { kindLabel, resourceOf } from "./row-label";
import { samplingNote } from "./sampling-note";
import { buildTrace } from "./trace";

test("the request is the root's", () => {
  expect(requestOf(buildTrace(coldRequest()))).toEqual({ method: "POST", url: "http://h/Prod/orders", status: 201 });
});

test("where the root tells none, the first that is told of is the request", () => {
  const call = entity("b", 0, 1, { http: { request: { method: "GET", url: "http://x/" }, response: { status: 500 } } });
  const trace = buildTrace([entity("a", 0, 1, { subsegments: [call] })]);
  expect(requestOf(trace)).toEqual({ method: "GET", url: "http://x/", status: undefined });
  expect(requestOf(buildTrace([]))).toEqual({ method: undefined, url: undefined, status: undefined });
});

test("functions are those whose segments came, each once", () => {
  const silent = entity("i", 0, 1, { origin: "AWS::Lambda", inferred: true, name: "silent", parent_id: "x" });
  expect(functionsOf(buildTrace([...coldRequest(), silent]).rows)).toEqual(["intake"]);
});

test("links say which way they go", () => {
  const attributes = { "aws.xray.reserved.reference_type": "parent" };
  const links = [{ trace_id: "1-a", id: "s", attributes }, { trace_id: "1-b" }];
  const told = linkedTraces(buildTrace([entity("a", 0, 1, { links })]).rows);
  expect(told.map(({ traceId, segmentId, relation }) => [traceId, segmentId, relation])).toEqual([
    ["1-a", "s", "parent"],
    ["1-b", undefined, undefined],
  ]);
});

test("rows say what they are", () => {
  const { byKey } = buildTrace(coldRequest());
  const label = (key: string) => {
    const row = byKey.get(key);
    return row && [kindLabel(row), resourceOf(row)];
  };
  expect(label("stage")).toEqual(["API Gateway stage", undefined]);
  expect(label("table")).toEqual(["PutItem", "orders"]);
  expect(label("inferred")).toEqual(["DynamoDB table", undefined]);
  expect(label("overhead")).toEqual(["", undefined]);
});

test("why a trace was recorded is what its root says", () => {
  const note = (metadata: Record<string, unknown>) => samplingNote(entity("a", 0, 1, { metadata }));
  expect(note({ fluoro: { sampling: { by: "rate", rule: "Default" } } })).toBe("Sampled by the rate of rule Default");
  expect(note({ fluoro: { sampling: { sampled: true, how: { by: "reservoir", rule: "orders" } } } })).toBe(
    "Sampled by the reservoir of rule orders",
  );
  expect(note({ fluoro: { sampling: { by: "header" } } })).toBe("Sampled because the caller’s trace header said so");
  expect(note({ fluoro: { kept: "slow", sampling: { by: "rate" } } })).toBe(
    "Not sampled; recorded afterwards because it was slow",
  );
  expect(note({ other: 1 })).toBeUndefined();
  expect(samplingNote(entity("a", 0, 1, { aws: { xray: { sampling_rule_name: "mine" } } }))).toBe(
    "Sampled by rule mine, as its sender says",
  );
});

test("the file has the documents as they came", () => {
  const text = traceFile({
    Id: "1-a",
    Duration: 1.5,
    Segments: [
      { Id: "x", Document: '{"id":"x","n":12345678901234567890}' },
      { Id: "y", Document: '{"id":"y"}' },
    ],
  });
  expect(text).toContain('{"id":"x","n":12345678901234567890}');
  expect(JSON.parse(text)).toMatchObject({
    Id: "1-a",
    Duration: 1.5,
    LimitExceeded: false,
    Segments: [{ id: "x" }, { id: "y" }],
  });
  expect(JSON.parse(traceFile({}))).toEqual({ Id: null, Duration: null, LimitExceeded: false, Segments: [] });
});

test("an annotation's filter finds what has the same", () => {
  expect(annotationFilter("customer", 'Ada "A"')).toBe('annotation.customer = "Ada \\"A\\""');
  expect(annotationFilter("aws:api_id", "x1")).toBe('annotation["aws:api_id"] = "x1"');
  expect(annotationFilter("total", 9.5)).toBe("annotation.total = 9.5");
  expect(annotationFilter("vip", true)).toBe("annotation.vip = true");
});

test("the command asks this server", () => {
  const id = parseTraceId("1-67891233-abcdef012345678912345678");
  expect(id && awsCommand(id, "http://127.0.0.1:4566")).toBe(
    "aws xray batch-get-traces --trace-ids 1-67891233-abcdef012345678912345678 --endpoint-url http://127.0.0.1:4566 --region us-east-1 --no-sign-request",
  );
});
