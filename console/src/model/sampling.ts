// Sampling rules: what one asks for, in which order they are asked, and the rule that samples everything of an API.

import type { XRaySamplingRule, XRaySamplingRuleRecord, XRaySamplingRuleUpdate } from "../api/aws";
import { covers, overlap } from "./pattern";
import { type Share, share } from "./units";

/** What a rule has a pattern for. */
export const PATTERNS = ["serviceName", "serviceType", "host", "httpMethod", "urlPath", "resourceArn"] as const;
export type PatternName = (typeof PATTERNS)[number];
export type Patterns = Readonly<Record<PatternName, string>>;

export interface Boost {
  readonly maxRate: Share;
  readonly cooldownMinutes: number;
}

export interface SamplingRule extends Patterns {
  readonly name: string;
  /** Smaller is asked earlier; `Default` has 10,000. */
  readonly priority: number;
  /** Requests a second that are sampled before the rate is asked. */
  readonly reservoirSize: number;
  readonly fixedRate: Share;
  readonly attributes: Readonly<Record<string, string>>;
  readonly boost?: Boost;
  /** Not set on a rule that is not made yet. */
  readonly arn?: string;
}

/** The rule that is always there, fits everything and is asked last. */
export const DEFAULT_RULE = "Default";

/** Where people begin who do not care about the order. */
export const USUAL_PRIORITY = 1000;

/** The type of what the gateway serves. */
export const STAGE_TYPE = "AWS::ApiGateway::Stage";

export const NAME_LIMIT = 32;

export function readRule(record: XRaySamplingRuleRecord): SamplingRule | undefined {
  const rule = record.SamplingRule;
  if (rule?.RuleName === undefined) return undefined;
  const boost = rule.SamplingRateBoost;
  return {
    name: rule.RuleName,
    priority: rule.Priority ?? 10_000,
    reservoirSize: rule.ReservoirSize ?? 0,
    fixedRate: share(rule.FixedRate ?? 0),
    serviceName: rule.ServiceName ?? "*",
    serviceType: rule.ServiceType ?? "*",
    host: rule.Host ?? "*",
    httpMethod: rule.HTTPMethod ?? "*",
    urlPath: rule.URLPath ?? "*",
    resourceArn: rule.ResourceARN ?? "*",
    attributes: rule.Attributes ?? {},
    ...(boost && { boost: { maxRate: share(boost.MaxRate ?? 0), cooldownMinutes: boost.CooldownWindowMinutes ?? 0 } }),
    ...(rule.RuleARN && { arn: rule.RuleARN }),
  };
}

/** The rule as `CreateSamplingRule` takes it. */
export function toCreate(rule: SamplingRule): XRaySamplingRule {
  return { ...toUpdate(rule), Version: 1 };
}

/** The rule as `UpdateSamplingRule` takes it. Of `Default` only the amounts can change. */
export function toUpdate(rule: SamplingRule): XRaySamplingRuleUpdate {
  const amounts = { RuleName: rule.name, FixedRate: rule.fixedRate, ReservoirSize: rule.reservoirSize };
  if (rule.name === DEFAULT_RULE) return amounts;
  return {
    ...amounts,
    Priority: rule.priority,
    ServiceName: rule.serviceName,
    ServiceType: rule.serviceType,
    Host: rule.host,
    HTTPMethod: rule.httpMethod,
    URLPath: rule.urlPath,
    ResourceARN: rule.resourceArn,
    Attributes: { ...rule.attributes },
    // An update without a boost takes it away.
    ...(rule.boost && {
      SamplingRateBoost: { MaxRate: rule.boost.maxRate, CooldownWindowMinutes: rule.boost.cooldownMinutes },
    }),
  };
}

/** In the order in which rules are asked: by priority, ties by name, `Default` last. */
export function inOrder(rules: readonly SamplingRule[]): SamplingRule[] {
  return [...rules].sort(
    (a, b) =>
      Number(a.name === DEFAULT_RULE) - Number(b.name === DEFAULT_RULE) || a.priority - b.priority || byName(a, b),
  );
}

function byName(a: SamplingRule, b: SamplingRule): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

/** An API, as far as rules know it. */
export interface ApiIdentity {
  readonly id: string;
  readonly name: string;
}

/** What there is to do so that everything of an API is sampled. */
export type ApiPlan =
  | { readonly kind: "done"; readonly rule: SamplingRule }
  | { readonly kind: "create"; readonly rule: SamplingRule }
  | { readonly kind: "update"; readonly rule: SamplingRule }
  /** This rule is asked first and nothing can be asked before it. */
  | { readonly kind: "blocked"; readonly by: SamplingRule };

/**
 * What makes the rules sample everything of this API at all its stages, save what a caller's trace header decides.
 *
 * A rule of that kind names the API by its stages' ARN: a name may change or be another's, too.
 */
export function planForApi(api: ApiIdentity, rules: readonly SamplingRule[]): ApiPlan {
  const all = patternsOf(api, rules);
  const touching = inOrder(rules).filter((rule) => PATTERNS.every((name) => overlap(rule[name], all[name])));
  const decisive = touching.find((rule) => rule.fixedRate < 1 || fitsAll(rule, all));
  if (decisive && decisive.fixedRate >= 1) return { kind: "done", rule: decisive };

  const own = touching.find((rule) => fitsAll(rule, all) && covers(all.resourceArn, rule.resourceArn));
  const inTheWay = touching.find((rule) => rule !== own && rule.fixedRate < 1);
  if (inTheWay && inTheWay.priority <= 1) return { kind: "blocked", by: inTheWay };
  const priority = Math.min(own?.priority ?? USUAL_PRIORITY, (inTheWay?.priority ?? Number.POSITIVE_INFINITY) - 1);
  if (own) return { kind: "update", rule: { ...own, priority, fixedRate: share(1) } };
  const name = freeName(`all-of-${api.name}`, rules);
  const amounts = { reservoirSize: 1, fixedRate: share(1) };
  return { kind: "create", rule: { ...all, serviceName: "*", name, priority, ...amounts, attributes: {} } };
}

/** The patterns of a rule that fits everything. */
export const ANYTHING: Patterns = {
  serviceName: "*",
  serviceType: "*",
  host: "*",
  httpMethod: "*",
  urlPath: "*",
  resourceArn: "*",
};

/** The patterns alone, of what has more. */
export function patternsIn(of: Patterns): Patterns {
  const { serviceName, serviceType, host, httpMethod, urlPath, resourceArn } = of;
  return { serviceName, serviceType, host, httpMethod, urlPath, resourceArn };
}

/** A name that begins like this, fits a rule and is no rule's. */
export function freeName(wanted: string, rules: readonly SamplingRule[]): string {
  const taken = new Set(rules.map((rule) => rule.name));
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? "" : `-${number}`;
    const name = [...wanted].slice(0, NAME_LIMIT - suffix.length).join("") + suffix;
    if (!taken.has(name)) return name;
  }
}

/** What rules see of the requests to an API, at whichever stage, in the region of the rules. */
function patternsOf(api: ApiIdentity, rules: readonly SamplingRule[]): Patterns {
  const region = rules.flatMap((rule) => rule.arn?.split(":")[3] ?? [])[0] ?? "*";
  return {
    ...ANYTHING,
    serviceName: `${api.name}/*`,
    serviceType: STAGE_TYPE,
    resourceArn: `arn:aws:apigateway:${region}::/restapis/${api.id}/stages/*`,
  };
}

/** Whether the rule fits every request that has these patterns. */
function fitsAll(rule: SamplingRule, all: Patterns): boolean {
  return PATTERNS.every((name) => covers(rule[name], all[name])) && Object.keys(rule.attributes).length === 0;
}
