// Sampling: the rules through the X-Ray API, and what Fluoro's own API tells of them (`docs/sampling.md`).

import { type QueryClient, queryOptions, skipToken } from "@tanstack/react-query";
import { now } from "../app/time";
import type { Decision } from "../model/decisions";
import { remembered, type Snapshot } from "../model/rule-rates";
import {
  type ApiIdentity,
  type ApiPlan,
  inOrder,
  planForApi,
  readRule,
  type SamplingRule,
  toCreate,
  toUpdate,
} from "../model/sampling";
import { createSamplingRule, deleteSamplingRule, getSamplingRules, updateSamplingRule } from "./aws";
import { call, own } from "./operation";

/** All rules, in the order in which they are asked. */
export async function samplingRules(signal?: AbortSignal): Promise<SamplingRule[]> {
  const rules: SamplingRule[] = [];
  let token: string | undefined;
  do {
    const page = await call(getSamplingRules, token ? { NextToken: token } : {}, signal);
    rules.push(...(page.SamplingRuleRecords ?? []).flatMap((record) => readRule(record) ?? []));
    token = page.NextToken ?? undefined;
  } while (token);
  return inOrder(rules);
}

/** The rules as a query; whoever changes one forgets what was read. */
export const samplingRulesQuery = {
  queryKey: ["sampling", "rules"],
  queryFn: ({ signal }: { signal: AbortSignal }) => samplingRules(signal),
};

export async function createRule(rule: SamplingRule): Promise<void> {
  await call(createSamplingRule, { SamplingRule: toCreate(rule) });
}

export async function updateRule(rule: SamplingRule): Promise<void> {
  await call(updateSamplingRule, { SamplingRuleUpdate: toUpdate(rule) });
}

export async function deleteRule(name: string): Promise<void> {
  await call(deleteSamplingRule, { RuleName: name });
}

/** Forgets the rules and what follows from them. */
export async function forgetRules(queries: QueryClient): Promise<void> {
  await Promise.all(["rules", "preview"].map((part) => queries.invalidateQueries({ queryKey: ["sampling", part] })));
}

/** Sees to it that everything of the API is sampled, and tells what that took; a plan that is blocked changes nothing. */
export async function sampleEverythingOf(api: ApiIdentity): Promise<ApiPlan> {
  const plan = planForApi(api, await samplingRules());
  if (plan.kind === "create") await createRule(plan.rule);
  if (plan.kind === "update") await updateRule(plan.rule);
  return plan;
}

interface CountedRules {
  rules: { name: string; requests: number; sampled: number; borrowed: number }[];
}

/** The looks at the counters of rules, the newest last: each time it is asked it takes another. */
export function ruleCountsQuery(queries: QueryClient) {
  const queryKey = ["sampling", "counts"];
  return {
    queryKey,
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Snapshot[]> => {
      const { rules } = await own<CountedRules>("sampling", { signal });
      const counts = Object.fromEntries(rules.map(({ name, ...counts }) => [name, counts]));
      return remembered(queries.getQueryData<Snapshot[]>(queryKey) ?? [], { at: now(), counts });
    },
    refetchInterval: 2_000,
    staleTime: 0,
  };
}

/** Which decisions to tell of; the newest come first. */
export interface DecisionSearch {
  /** A trace's or a request's id. */
  readonly id?: string;
  readonly rule?: string;
  readonly sampled?: boolean;
  readonly limit?: number;
}

export function decisionsQuery(search: DecisionSearch) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return {
    queryKey: ["sampling", "why", query.toString()],
    queryFn: async ({ signal }: { signal: AbortSignal }) =>
      (await own<{ requests: Decision[] }>(`sampling/why?${query}`, { signal })).requests,
  };
}

/** What a rule would have kept of the requests that are remembered; counts are requests. */
export interface RulePreview {
  readonly requests: number;
  readonly not_asked: number;
  readonly cut: number;
  readonly seconds: number;
  readonly matched: number;
  readonly kept_by_reservoir: number;
  readonly kept_by_rate: number;
  readonly expected_by_rate: number;
  readonly kept: number;
  readonly kept_per_second: number;
  readonly kept_before: number;
  readonly kept_before_per_second: number;
  readonly all_kept: number;
  readonly all_kept_before: number;
  readonly taken_from: Readonly<Record<string, number>>;
  readonly hidden_by: Readonly<Record<string, number>>;
}

/** The preview of a new rule, or of what a rule would be after a change; of no rule there is none. */
export function previewQuery(rule: SamplingRule | undefined, isNew: boolean) {
  const body = rule && (isNew ? { SamplingRule: toCreate(rule) } : { SamplingRuleUpdate: toUpdate(rule) });
  return queryOptions({
    queryKey: ["sampling", "preview", body],
    queryFn: body ? ({ signal }) => own<RulePreview>("sampling/preview", { method: "POST", body, signal }) : skipToken,
  });
}
