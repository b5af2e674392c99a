// Decisions on requests: whether one was sampled, who decided, and which rule would have.

import type { components } from "../api/fluoro";
import { matches } from "./pattern";
import { inOrder, PATTERNS, type PatternName, type SamplingRule } from "./sampling";

type Schemas = components["schemas"];
/** A request to a stage and the decision on it. */
export type Decision = Schemas["Why"];
/** One pattern of a rule beside what the request had; nothing when it had none. */
export type Compared = Schemas["Compared"];

/** What the request had of what rules have patterns for. */
export function valuesOf(request: Decision): Readonly<Record<PatternName, string | null>> {
  return {
    serviceName: request.service_name,
    serviceType: request.service_type,
    host: request.host,
    httpMethod: request.http_method,
    urlPath: request.url_path,
    resourceArn: request.resource_arn,
  };
}

/** Whether there is a trace to look at. */
export function isRecorded(request: Decision): boolean {
  return request.sampled || request.kept !== null;
}

/** What decided, in the server's word and in ours. */
const DECIDED_BY: Readonly<Record<string, string>> = {
  header: "Caller",
  reservoir: "Reservoir",
  rate: "Rate",
  boost: "Boost",
  lambda: "Lambda",
  tracing_off: "Tracing is off",
};

export function decidedBy({ by }: Decision): string {
  return DECIDED_BY[by] ?? by;
}

/** Whether the rule fits the request: what is unknown fits, an attribute has to be there (`crates/sampling/src/matching.rs`). */
export function fits(rule: SamplingRule, request: Decision): boolean {
  const values = valuesOf(request);
  const properties = PATTERNS.every((name) => {
    const value = values[name];
    return value === null || matches(rule[name], value);
  });
  const attributes = Object.entries(rule.attributes).every(([name, pattern]) =>
    request.headers.some(([sent, value]) => sent.toLowerCase() === name.toLowerCase() && matches(pattern, value)),
  );
  return properties && attributes;
}

/** Those of the requests on which `rule` would decide, were it in force beside the others, or in the place of its namesake. */
export function thoseComingTo(
  rule: SamplingRule,
  rules: readonly SamplingRule[],
  requests: readonly Decision[],
): Decision[] {
  const all = inOrder([...rules.filter(({ name }) => name !== rule.name), rule]);
  return requests.filter((request) => request.rule !== null && all.find((one) => fits(one, request)) === rule);
}

/** The values of a property that requests had, the commonest first. */
export function commonValues(requests: readonly Decision[], name: PatternName): string[] {
  const counts = new Map<string, number>();
  for (const request of requests) {
    const value = valuesOf(request)[name];
    if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([value]) => value);
}
