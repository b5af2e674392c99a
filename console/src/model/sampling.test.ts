import { describe, expect, test } from "vitest";
import {
  ANYTHING,
  DEFAULT_RULE,
  freeName,
  inOrder,
  planForApi,
  readRule,
  type SamplingRule,
  toCreate,
  toUpdate,
} from "./sampling";
import { share } from "./units";

const API = { id: "abcdefghij", name: "orders" };
const STAGES = "arn:aws:apigateway:eu-west-1::/restapis/abcdefghij/stages/*";

function rule(name: string, change: Partial<SamplingRule> = {}): SamplingRule {
  const arn = `arn:aws:xray:eu-west-1:000000000000:sampling-rule/${name}`;
  return { ...ANYTHING, name, arn, priority: 100, reservoirSize: 1, fixedRate: share(0.05), attributes: {}, ...change };
}

const DEFAULT = rule(DEFAULT_RULE, { priority: 10_000 });

test("rules are asked by priority, then by name, Default last", () => {
  const rules = [DEFAULT, rule("b"), rule("a"), rule("first", { priority: 1 })];
  expect(inOrder(rules).map(({ name }) => name)).toEqual(["first", "a", "b", "Default"]);
});

test("what was read can be written again", () => {
  const written = {
    RuleName: "shop",
    RuleARN: "arn:aws:xray:eu-west-1:000000000000:sampling-rule/shop",
    Priority: 7,
    FixedRate: 0.5,
    ReservoirSize: 3,
    ServiceName: "shop/*",
    ServiceType: "AWS::ApiGateway::Stage",
    Host: "*",
    HTTPMethod: "GET",
    URLPath: "/x/*",
    ResourceARN: "*",
    Attributes: { "x-canary": "blue" },
    SamplingRateBoost: { MaxRate: 0.9, CooldownWindowMinutes: 5 },
    Version: 1,
  };
  const read = readRule({ SamplingRule: written });
  if (!read) throw new Error("a rule with a name is one");
  const { RuleARN: _, ...rest } = written;
  expect(toCreate(read)).toEqual(rest);
  expect(readRule({})).toBeUndefined();
});

test("of Default only the amounts are sent", () => {
  expect(toUpdate(DEFAULT)).toEqual({ RuleName: "Default", FixedRate: 0.05, ReservoirSize: 1 });
});

test("a name that is taken is counted on, within what a rule's name may be", () => {
  expect(freeName("all-of-orders", [])).toBe("all-of-orders");
  expect(freeName("a", [rule("a"), rule("a-2")])).toBe("a-3");
  const long = "all-of-an-api-with-a-very-long-name";
  expect(freeName(long, [])).toBe("all-of-an-api-with-a-very-long-n");
  expect(freeName(long, [rule("all-of-an-api-with-a-very-long-n")])).toBe("all-of-an-api-with-a-very-long-2");
});

describe("sampling everything of an API", () => {
  test("takes a rule for its stages, before the rules that keep less", () => {
    const plan = planForApi(API, [DEFAULT, rule("posts", { httpMethod: "POST", priority: 50 })]);
    expect(plan).toEqual({
      kind: "create",
      rule: {
        ...ANYTHING,
        name: "all-of-orders",
        serviceType: "AWS::ApiGateway::Stage",
        resourceArn: STAGES,
        priority: 49,
        reservoirSize: 1,
        fixedRate: 1,
        attributes: {},
      },
    });
  });

  test("leaves rules of others in front", () => {
    const hello = rule("hello", { serviceName: "hello/*", priority: 1 });
    const other = rule("other", { resourceArn: STAGES.replace("abcdefghij", "klmnopqrst"), priority: 2 });
    const plan = planForApi(API, [DEFAULT, hello, other]);
    expect(plan).toMatchObject({ kind: "create", rule: { priority: 1000 } });
  });

  test("is done where a rule does it already", () => {
    const everything = rule("everything", { fixedRate: share(1) });
    expect(planForApi(API, [DEFAULT, everything])).toEqual({ kind: "done", rule: everything });
    const named = rule("named", { fixedRate: share(1), serviceName: "ORDERS/*" });
    expect(planForApi(API, [DEFAULT, named])).toEqual({ kind: "done", rule: named });
  });

  test("is not done by a rule for a part, or behind one that keeps less", () => {
    const part = rule("part", { fixedRate: share(1), urlPath: "/dev/*" });
    const canary = rule("canary", { fixedRate: share(1), attributes: { "x-canary": "*" } });
    expect(planForApi(API, [DEFAULT, part, canary])).toMatchObject({ kind: "create" });
    const everything = rule("everything", { fixedRate: share(1), priority: 200 });
    expect(planForApi(API, [DEFAULT, rule("less"), everything])).toMatchObject({
      kind: "create",
      rule: { priority: 99 },
    });
  });

  test("raises the rule that is there for it, and moves it in front", () => {
    const own = rule("mine", { resourceArn: STAGES, serviceType: "AWS::ApiGateway::Stage", priority: 300 });
    const plan = planForApi(API, [DEFAULT, rule("posts", { httpMethod: "POST", priority: 200 }), own]);
    expect(plan).toEqual({ kind: "update", rule: { ...own, priority: 199, fixedRate: 1 } });
  });

  test("cannot be where nothing goes before the rule that keeps less", () => {
    const first = rule("first", { priority: 1 });
    expect(planForApi(API, [DEFAULT, first])).toEqual({ kind: "blocked", by: first });
  });
});
