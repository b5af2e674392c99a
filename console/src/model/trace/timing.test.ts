import { expect, test } from "vitest";
import { criticalPath } from "./critical-path";
import type { Entity } from "./documents";
import { coldRequest, entity } from "./fixture";
import { lambdaWaits } from "./lambda-waits";
import { selfTimes } from "./self-time";
import { buildTrace, type Trace } from "./trace";

function rounded(value: number): number {
  return Number(value.toFixed(6));
}

function selfOf(documents: readonly Entity[]): Record<string, number> {
  const { rows } = buildTrace(documents);
  const times = selfTimes(rows);
  return Object.fromEntries(rows.map((row) => [row.key, rounded(times[row.index] ?? Number.NaN)]));
}

function pathOf(trace: Trace): Record<string, [number, number][]> {
  const { parts } = criticalPath(trace.rows, trace.root);
  return Object.fromEntries(
    [...parts].map(([row, spans]) => [row.key, spans.map(({ from, to }) => [rounded(from), rounded(to)])]),
  );
}

test("self time is what children do not cover, overlaps once, what lies outside not at all", () => {
  const parts = [entity("b", 1, 4), entity("c", 3, 5), entity("d", 8, 12), entity("e", 20, 21)];
  expect(selfOf([entity("a", 0, 10, { subsegments: parts })])).toEqual({ a: 4, b: 3, c: 2, d: 4, e: 1 });
});

test("a callee's segment takes its caller's time", () => {
  expect(selfOf([entity("a", 0, 10), entity("b", 2, 4, { parent_id: "a" })])).toEqual({ a: 8, b: 2 });
});

test("a function's start takes Lambda's time, although the function's segment begins after it", () => {
  const self = selfOf(coldRequest());
  // 0.05 to 0.1 waiting and 0.92 to 0.95 answering; 0.1 to 0.92 are the function's.
  expect(self["lambda"]).toBe(0.08);
  expect(self["call"]).toBe(0);
  // 0.4 to 0.45: started, but without the event.
  expect(self["function"]).toBe(0.05);
});

test("the critical path goes from what ended last to what ended last before that began", () => {
  const trace = buildTrace([
    entity("a", 0, 10, { subsegments: [entity("b", 1, 4), entity("c", 3, 9), entity("d", 5, 6)] }),
  ]);
  // `c` ended last; `b` was still running when `c` began, and so held nothing up.
  expect(pathOf(trace)).toEqual({
    a: [
      [9, 10],
      [0, 3],
    ],
    c: [[3, 9]],
  });
});

test("children one after the other are all on the path", () => {
  const trace = buildTrace([entity("a", 0, 4, { subsegments: [entity("b", 0, 2), entity("c", 2, 4)] })]);
  expect(pathOf(trace)).toEqual({ a: [], b: [[0, 2]], c: [[2, 4]] });
});

test("what goes on after its caller ended is on the path only up to there", () => {
  const trace = buildTrace([entity("a", 0, 4), entity("b", 1, 9, { parent_id: "a" })]);
  expect(pathOf(trace)).toEqual({ a: [[0, 1]], b: [[1, 4]] });
});

test("the whole of the root is on the path, each moment once", () => {
  const trace = buildTrace(coldRequest());
  const { times } = criticalPath(trace.rows, trace.root);
  const sum = [...times.values()].reduce((sum, time) => sum + time, 0);
  expect(rounded(sum)).toBe(1);
  expect(rounded(times.get(trace.byKey.get("init") ?? trace.rows[0] ?? fail()) ?? 0)).toBe(0.3);
});

test("ten thousand nested rows have a path", () => {
  let nested = entity("deepest", 0, 1);
  for (let depth = 0; depth < 10_000; depth += 1) nested = entity(`d${depth}`, 0, 1, { subsegments: [nested] });
  const trace = buildTrace([nested]);
  expect(criticalPath(trace.rows, trace.root).parts.size).toBe(10_001);
});

test("a cold start is the start of an environment after Lambda took the call; before and after it is waiting", () => {
  const trace = buildTrace(coldRequest());
  const waits = lambdaWaits(trace.rows);
  const of = (key: string) =>
    waits.byRow.get(trace.byKey.get(key) ?? fail())?.map(({ kind, from, to }) => [kind, rounded(from), rounded(to)]);
  expect(of("init")).toEqual([["cold-start", 0.1, 0.4]]);
  expect(of("lambda")).toEqual([
    ["queue", 0.05, 0.1],
    ["cold-start", 0.1, 0.4],
    ["queue", 0.4, 0.45],
  ]);
  expect(rounded(waits.coldStart)).toBe(0.3);
  expect(rounded(waits.queue)).toBe(0.1);
  expect(rounded(waits.coldStarts.get(trace.byKey.get("function") ?? fail()) ?? 0)).toBe(0.3);
});

test("a warm function has waited only until it got its event", () => {
  const trace = buildTrace([
    entity("lambda", 0, 1, { origin: "AWS::Lambda" }),
    entity("function", 0.25, 1, { origin: "AWS::Lambda::Function", parent_id: "lambda" }),
  ]);
  const waits = lambdaWaits(trace.rows);
  expect([waits.coldStart, waits.queue]).toEqual([0, 0.25]);
});

test("less than a millisecond is no wait: Lambda's own segment is no finer", () => {
  const trace = buildTrace([
    entity("lambda", 0, 1, { origin: "AWS::Lambda" }),
    entity("function", 0.0008, 1, { origin: "AWS::Lambda::Function", parent_id: "lambda" }),
  ]);
  expect(lambdaWaits(trace.rows).queue).toBe(0);
});

test("an environment that was started in advance is no cold start of this request", () => {
  const trace = buildTrace([
    entity("lambda", 60, 61, { origin: "AWS::Lambda" }),
    entity("function", 60.25, 61, {
      origin: "AWS::Lambda::Function",
      parent_id: "lambda",
      subsegments: [entity("init", 0, 1, { name: "Init" })],
    }),
  ]);
  const waits = lambdaWaits(trace.rows);
  expect([waits.coldStart, waits.queue]).toEqual([0, 0.25]);
});

test("an asynchronous event waits in its dwell time, and in its attempt until the function has it", () => {
  const trace = buildTrace([
    entity("lambda", 0, 0.5, {
      origin: "AWS::Lambda",
      subsegments: [entity("dwell", 0, 2, { name: "Dwell Time" }), entity("attempt", 2, 4, { name: "Attempt #1" })],
    }),
    entity("function", 2.5, 4, { origin: "AWS::Lambda::Function", parent_id: "attempt" }),
  ]);
  const waits = lambdaWaits(trace.rows);
  expect(waits.queue).toBe(2.5);
  expect(waits.byRow.get(trace.byKey.get("attempt") ?? fail())).toEqual([{ kind: "queue", from: 2, to: 2.5 }]);
});

test("somebody's own Initialization is no cold start", () => {
  const trace = buildTrace([entity("a", 0, 1, { subsegments: [entity("i", 0, 0.5, { name: "Initialization" })] })]);
  expect(lambdaWaits(trace.rows).byRow.size).toBe(0);
});

function fail(): never {
  throw new Error("the trace has no such row");
}
