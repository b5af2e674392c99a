// A sampling rule while somebody writes it: texts, what is wrong with them, and what the API says is wrong.

import { ANYTHING, DEFAULT_RULE, type Patterns, patternsIn, type SamplingRule, USUAL_PRIORITY } from "./sampling";
import { type Share, share } from "./units";

export interface AttributeDraft {
  readonly name: string;
  readonly value: string;
}

export interface RuleDraft extends Patterns {
  readonly name: string;
  readonly priority: string;
  readonly reservoirSize: string;
  /** In percent, as are all rates that people write. */
  readonly fixedRate: string;
  readonly attributes: readonly AttributeDraft[];
  readonly boosted: boolean;
  readonly maxRate: string;
  readonly cooldownMinutes: string;
}

/** A place of the form that can be wrong. */
export type Field = Exclude<keyof RuleDraft, "boosted">;

export type FieldErrors = Readonly<Partial<Record<Field, string>>>;

export const NEW_DRAFT: RuleDraft = {
  ...ANYTHING,
  name: "",
  priority: String(USUAL_PRIORITY),
  reservoirSize: "1",
  fixedRate: "5",
  attributes: [],
  boosted: false,
  maxRate: "50",
  cooldownMinutes: "10",
};

export function draftOf(rule: SamplingRule): RuleDraft {
  const { boost } = rule;
  return {
    ...patternsIn(rule),
    name: rule.name,
    priority: String(rule.priority),
    reservoirSize: String(rule.reservoirSize),
    fixedRate: percentOf(rule.fixedRate),
    attributes: Object.entries(rule.attributes).map(([key, value]) => ({ name: key, value })),
    boosted: boost !== undefined,
    maxRate: boost ? percentOf(boost.maxRate) : NEW_DRAFT.maxRate,
    cooldownMinutes: boost ? String(boost.cooldownMinutes) : NEW_DRAFT.cooldownMinutes,
  };
}

/**
 * The rule that a draft means, or what is wrong with its numbers and attributes. How long texts may be and which names
 * are taken the API says.
 */
export function readDraft(draft: RuleDraft): { rule: SamplingRule } | { errors: FieldErrors } {
  const errors: Partial<Record<Field, string>> = {};
  const number = (field: Field, text: string, check: (value: number) => string | undefined): number => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    const wrong = Number.isNaN(value) ? "Enter a number." : check(value);
    if (wrong) errors[field] = wrong;
    return value;
  };
  const percent = (field: Field, text: string): Share => {
    const check = (value: number) => (value < 0 || value > 100 ? "Enter a percentage from 0 to 100." : undefined);
    return share(precise(number(field, text, check) / 100));
  };
  const whole = (least: number, most: number, sentence: string) => (value: number) =>
    Number.isInteger(value) && value >= least && value <= most ? undefined : sentence;

  const isDefault = draft.name === DEFAULT_RULE;
  const priority = isDefault
    ? Number(draft.priority)
    : number("priority", draft.priority, whole(1, 9999, "Enter a whole number from 1 to 9999."));
  const size = whole(0, 2 ** 31 - 1, "Enter a whole number, 0 or more.");
  const reservoirSize = number("reservoirSize", draft.reservoirSize, size);
  const fixedRate = percent("fixedRate", draft.fixedRate);
  const wrongAttributes = attributesError(draft.attributes);
  if (wrongAttributes) errors.attributes = wrongAttributes;
  const minutes = whole(1, 2 ** 31 - 1, "Enter a whole number of minutes, 1 or more.");
  const boost = draft.boosted && {
    maxRate: percent("maxRate", draft.maxRate),
    cooldownMinutes: number("cooldownMinutes", draft.cooldownMinutes, minutes),
  };
  if (Object.keys(errors).length > 0) return { errors };

  const attributes = Object.fromEntries(draft.attributes.map(({ name, value }) => [name, value]));
  const amounts = { priority, reservoirSize, fixedRate };
  return { rule: { name: draft.name, ...patternsIn(draft), ...amounts, attributes, ...(boost && { boost }) } };
}

function attributesError(attributes: readonly AttributeDraft[]): string | undefined {
  const names = attributes.map(({ name }) => name);
  if (names.includes("")) return "Give each attribute a name, or remove it.";
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  return twice === undefined ? undefined : `There are two attributes named ${twice}; a rule can have one.`;
}

/** What the API refuses, by the place of the form that it is about; `rest` is about none of them. */
export interface Refusal {
  readonly fields: FieldErrors;
  readonly rest?: string;
}

/** Reads the message of a refusal: `Value '' at 'samplingRule.ruleName' failed to satisfy constraint: …; Value …`. */
export function readRefusal(message: string): Refusal {
  const fields: Partial<Record<Field, string>> = {};
  const rest: string[] = [];
  const found = message.matchAll(/ at '\w+\.(\w+(?:\.\w+)?)' failed to satisfy constraint: (.*?)(?=; Value |$)/g);
  for (const [, member = "", constraint = ""] of found) {
    const field = FIELD_OF_MEMBER[member];
    if (field) fields[field] ??= inPlainWords(constraint);
    else rest.push(`${member}: ${constraint}`);
  }
  if (Object.keys(fields).length > 0 || rest.length > 0)
    return { fields, ...(rest.length && { rest: rest.join("; ") }) };
  if (message.includes("Sampling rule already exists")) return { fields: { name: "A rule with this name exists." } };
  if (message.includes("cooldown window")) return { fields: { cooldownMinutes: "A boost has to cool down." } };
  return { fields, rest: message };
}

const FIELD_OF_MEMBER: Readonly<Record<string, Field>> = {
  ruleName: "name",
  priority: "priority",
  reservoirSize: "reservoirSize",
  fixedRate: "fixedRate",
  serviceName: "serviceName",
  serviceType: "serviceType",
  host: "host",
  hTTPMethod: "httpMethod",
  uRLPath: "urlPath",
  resourceARN: "resourceArn",
  attributes: "attributes",
  "samplingRateBoost.maxRate": "maxRate",
  "samplingRateBoost.cooldownWindowMinutes": "cooldownMinutes",
};

function inPlainWords(constraint: string): string {
  if (constraint.startsWith("Map ")) return "Names and values have 1 to 32 characters.";
  const bound = /^Member must have (length|value) (greater|less) than or equal to ([\d.]+)$/.exec(constraint);
  if (!bound) return `${constraint}.`;
  const [, what, side, limit] = bound;
  if (what === "length") return side === "greater" ? "This cannot be empty." : `Enter at most ${limit} characters.`;
  return side === "greater" ? `Enter ${limit} or more.` : `Enter ${limit} or less.`;
}

function percentOf(rate: Share): string {
  return String(precise(rate * 100));
}

/** Without what binary fractions add: `33.3 / 100` is 0.333. */
function precise(value: number): number {
  return Number(value.toPrecision(12));
}
