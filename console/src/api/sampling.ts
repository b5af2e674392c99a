// Sampling: the rules through the X-Ray API, and what Fluoro's own API tells of them (`docs/sampling.md`).

import { type QueryClient, queryOptions, skipToken } from "@tanstack/react-query";
import { now } from "../app/time";
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
import { preview, ruleStates, type WhyQuery, why } from "./fluoro-api";
import { call } from "./operation";

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

/** The looks at the counters of rules, the newest last: each time it is asked it takes another. */
export function ruleCountsQuery(queries: QueryClient) {
  const queryKey = ["sampling", "counts"];
  return {
    queryKey,
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Snapshot[]> => {
      const { rules } = await ruleStates(signal);
      const counts = Object.fromEntries(
        rules.map(({ name, requests, sampled, borrowed }) => [name, { requests, sampled, borrowed }]),
      );
      return remembered(queries.getQueryData<Snapshot[]>(queryKey) ?? [], { at: now(), counts });
    },
    refetchInterval: 2_000,
    staleTime: 0,
  };
}

export function decisionsQuery(search: WhyQuery) {
  return {
    queryKey: ["sampling", "why", search],
    queryFn: ({ signal }: { signal: AbortSignal }) => why(search, signal),
  };
}

/** The preview of a new rule, or of what a rule would be after a change; of no rule there is none. */
export function previewQuery(rule: SamplingRule | undefined, isNew: boolean) {
  const body = rule && (isNew ? { SamplingRule: toCreate(rule) } : { SamplingRuleUpdate: toUpdate(rule) });
  return queryOptions({
    queryKey: ["sampling", "preview", body],
    queryFn: body ? ({ signal }) => preview(body, signal) : skipToken,
  });
}
