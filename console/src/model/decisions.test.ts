import { expect, test } from "vitest";
import { commonValues, type Decision, fits, isRecorded, thoseComingTo } from "./decisions";
import { ANYTHING, DEFAULT_RULE, type SamplingRule } from "./sampling";
import { share } from "./units";

function request(change: Partial<Decision> = {}): Decision {
  return {
    at: 0,
    trace: "1-66aa01f0-1122334455667788990011aa",
    request_id: "r",
    service_name: "orders/dev",
    service_type: "AWS::ApiGateway::Stage",
    host: "127.0.0.1:4566",
    http_method: "GET",
    url_path: "/dev/orders/7",
    resource_arn: "arn:aws:apigateway:us-east-1::/restapis/abc/stages/dev",
    headers: [["X-Canary", "blue"]],
    cut: false,
    status: 200,
    latency_ms: 4.4,
    sampled: false,
    by: "rate",
    rule: DEFAULT_RULE,
    reason: "",
    kept: null,
    passed_over: [],
    because: [],
    ...change,
  };
}

function rule(name: string, change: Partial<SamplingRule> = {}): SamplingRule {
  return { ...ANYTHING, name, priority: 100, reservoirSize: 1, fixedRate: share(0.05), attributes: {}, ...change };
}

test("what is unknown of a request fits, what it does not carry does not", () => {
  expect(fits(rule("a", { host: "shop.test" }), request({ host: null }))).toBe(true);
  expect(fits(rule("a", { attributes: { "x-canary": "b*" } }), request())).toBe(true);
  expect(fits(rule("a", { attributes: { "x-canary": "green" } }), request())).toBe(false);
  expect(fits(rule("a", { attributes: { "x-other": "*" } }), request())).toBe(false);
});

test("to a rule come those that no earlier rule takes and on which rules decide", () => {
  const gets = rule("gets", { httpMethod: "GET", priority: 10 });
  const orders = rule("orders", { urlPath: "/dev/orders*", priority: 20 });
  const post = request({ http_method: "POST" });
  const requests = [request(), post, request({ http_method: "POST", by: "header", rule: null })];
  expect(thoseComingTo(orders, [gets, rule(DEFAULT_RULE, { priority: 10_000 })], requests)).toEqual([post]);
  const earlier = { ...orders, priority: 5 };
  expect(thoseComingTo(earlier, [gets, orders], requests)).toEqual(requests.slice(0, 2));
});

test("common values come first", () => {
  const requests = [request({ host: "a" }), request({ host: "b" }), request({ host: "b" }), request({ host: null })];
  expect(commonValues(requests, "host")).toEqual(["b", "a"]);
});

test("what failed may be recorded although it was not sampled", () => {
  expect(isRecorded(request())).toBe(false);
  expect(isRecorded(request({ kept: "fault" }))).toBe(true);
});
