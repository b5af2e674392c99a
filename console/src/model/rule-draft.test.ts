import { describe, expect, test } from "vitest";
import { draftOf, NEW_DRAFT, type RuleDraft, readDraft, readRefusal } from "./rule-draft";
import { ANYTHING, DEFAULT_RULE, type SamplingRule } from "./sampling";
import { share } from "./units";

const RULE: SamplingRule = {
  ...ANYTHING,
  name: "shop",
  urlPath: "/shop/*",
  priority: 7,
  reservoirSize: 2,
  fixedRate: share(0.07),
  attributes: { "x-canary": "blue" },
  boost: { maxRate: share(0.333), cooldownMinutes: 5 },
};

function errorsOf(change: Partial<RuleDraft>) {
  const read = readDraft({ ...NEW_DRAFT, name: "shop", ...change });
  return "errors" in read ? read.errors : {};
}

test("a rule becomes a draft and a rule again", () => {
  expect(draftOf(RULE)).toMatchObject({
    fixedRate: "7",
    maxRate: "33.3",
    attributes: [{ name: "x-canary", value: "blue" }],
  });
  expect(readDraft(draftOf(RULE))).toEqual({ rule: RULE });
});

test("a boost that is switched off is none", () => {
  const { boost: _, ...plain } = RULE;
  expect(readDraft({ ...draftOf(RULE), boosted: false, maxRate: "nonsense" })).toEqual({ rule: plain });
});

test("numbers that cannot be are told at their field", () => {
  expect(errorsOf({ priority: "0" })).toEqual({ priority: "Enter a whole number from 1 to 9999." });
  expect(errorsOf({ priority: "1.5" })).toEqual({ priority: "Enter a whole number from 1 to 9999." });
  expect(errorsOf({ fixedRate: "101", reservoirSize: "-1" })).toEqual({
    fixedRate: "Enter a percentage from 0 to 100.",
    reservoirSize: "Enter a whole number, 0 or more.",
  });
  expect(errorsOf({ fixedRate: " " })).toEqual({ fixedRate: "Enter a number." });
  expect(errorsOf({ boosted: true, cooldownMinutes: "0" })).toHaveProperty("cooldownMinutes");
});

test("the priority of Default is its own", () => {
  const draft = draftOf({ ...RULE, name: DEFAULT_RULE, priority: 10_000 });
  expect(readDraft(draft)).toMatchObject({ rule: { priority: 10_000 } });
});

test("an attribute has a name, and a name one attribute", () => {
  const attribute = (name: string) => ({ name, value: "*" });
  expect(errorsOf({ attributes: [attribute("")] })).toHaveProperty("attributes");
  expect(errorsOf({ attributes: [attribute("a"), attribute("a")] }).attributes).toContain("named a");
});

describe("a refusal", () => {
  test("is told at the fields that it is about", () => {
    const message =
      "2 validation errors detected: Value '' at 'samplingRule.ruleName' failed to satisfy constraint: Member must have " +
      "length greater than or equal to 1; Value 'a; b' at 'samplingRule.hTTPMethod' failed to satisfy constraint: " +
      "Member must have length less than or equal to 10";
    expect(readRefusal(message)).toEqual({
      fields: { name: "This cannot be empty.", httpMethod: "Enter at most 10 characters." },
    });
  });

  test("of an update reads the same", () => {
    const message =
      "ValidationException: 1 validation error detected: Value '-1' at 'samplingRuleUpdate.samplingRateBoost.maxRate' " +
      "failed to satisfy constraint: Member must have value greater than or equal to 0";
    expect(readRefusal(message)).toEqual({ fields: { maxRate: "Enter 0 or more." } });
  });

  test("of a name that is taken is about the name", () => {
    expect(readRefusal("InvalidRequestException: Sampling rule already exists").fields).toHaveProperty("name");
  });

  test("that names no field is told as it is", () => {
    expect(readRefusal("The maximum number of sampling rules has been reached")).toEqual({
      fields: {},
      rest: "The maximum number of sampling rules has been reached",
    });
  });
});
