import { expect, test } from "vitest";
import { type Counted, faultShare, type MethodSeries, methodName, minutes, ofStage, total } from "./traffic";

function latency(mean: number, max = mean): Counted["latency_ms"] {
  return { mean, p50: mean, p90: max, p99: max, max };
}

function series(more: Partial<MethodSeries>): MethodSeries {
  return {
    kind: "method",
    region: "us-east-1",
    api_id: "a",
    api_name: "orders",
    stage: "Prod",
    resource: "/orders",
    method: "POST",
    requests: 0,
    errors: 0,
    throttles: 0,
    faults: 0,
    latency_ms: latency(0),
    minutes: [],
    ...more,
  };
}

test("counts add up, each request once", () => {
  const sum = total([
    series({ requests: 10, errors: 4, throttles: 3, faults: 1, latency_ms: latency(10, 50) }),
    series({ requests: 30, errors: 0, throttles: 0, faults: 0, latency_ms: latency(30, 40) }),
  ]);
  expect(sum).toEqual({ requests: 40, ok: 35, errors: 1, throttles: 3, faults: 1, mean: 0.025, max: 0.05 });
  expect(faultShare(sum)).toBe(0.025);
});

test("of nothing there is neither mean nor share", () => {
  const sum = total([]);
  expect(sum.mean).toBeUndefined();
  expect(faultShare(sum)).toBeUndefined();
});

test("minutes without a request are there, too", () => {
  const minute = { at: 120, requests: 2, errors: 0, throttles: 0, faults: 1, latency_ms: latency(5) };
  const all = minutes({ from: 60, to: 200 }, [series({ minutes: [minute] }), series({ minutes: [minute] })]);
  expect(all.map((one) => [one.at, one.requests, one.faults])).toEqual([
    [60, 0, 0],
    [120, 4, 2],
    [180, 0, 0],
  ]);
});

test("a stage has its own series", () => {
  const all = [series({}), series({ stage: "dev", resource: null, method: null })];
  expect(ofStage(all, "dev").map(methodName)).toEqual(["No method"]);
  expect(ofStage(all, "Prod").map(methodName)).toEqual(["POST /orders"]);
});
