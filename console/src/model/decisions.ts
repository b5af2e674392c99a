// Decisions on requests: whether one was sampled, who decided, and which rule would have.

import { matches } from "./pattern";
import { inOrder, PATTERNS, type PatternName, type SamplingRule } from "./sampling";

/** One pattern of a rule beside what the request had; nothing when it had none. */
export interface Compared {
  readonly property: string;
  readonly pattern: string;
  readonly value: string | null;
}

/** What decided. */
export type DecidedBy = "header" | "reservoir" | "rate" | "boost" | "lambda" | "tracing_off";

/** A request to a stage and the decision on it, as `/_fluoro/sampling/why` tells it. */
export interface Decision {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly trace: string;
  readonly request_id: string;
  readonly service_name: string | null;
  readonly service_type: string | null;
  readonly host: string | null;
  readonly http_method: string | null;
  readonly url_path: string | null;
  readonly resource_arn: string | null;
  readonly headers: readonly (readonly [string, string])[];
  /** Whether something of these was too long to be remembered whole. */
  readonly cut: boolean;
  /** Nothing when the client went away. */
  readonly status: number | null;
  readonly latency_ms: number;
  readonly sampled: boolean;
  readonly by: DecidedBy;
  readonly rule: string | null;
  readonly reason: string;
  /** Why it is recorded although it was not sampled. */
  readonly kept: "fault" | "slow" | null;
  /** Rules that were asked before the one that decided. */
  readonly passed_over: readonly { rule: string; priority: number; because: readonly Compared[] }[];
  /** What made the rule fit; empty when it fits everything. */
  readonly because: readonly Compared[];
}

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

export function decidedBy(request: Decision): string {
  switch (request.by) {
    case "header":
      return "Caller";
    case "reservoir":
      return "Reservoir";
    case "rate":
      return "Rate";
    case "boost":
      return "Boost";
    case "lambda":
      return "Lambda";
    case "tracing_off":
      return "Tracing is off";
  }
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
