import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { oneOf, present, text } from "../../app/search";
import { PATTERNS, type Patterns } from "../../model/sampling";

export interface SamplingSearch {
  /** Nothing: the rules. */
  view?: "decisions";
  /** Decisions of this rule. */
  rule?: string;
  sampled?: boolean;
  /** Decisions on the requests of a trace, or on the request with this id. */
  id?: string;
  /** The request whose decision is explained. */
  request?: string;
}

function readSamplingSearch(search: Record<string, unknown>): SamplingSearch {
  const { sampled } = search;
  return present({
    view: oneOf(["decisions"], search["view"]),
    rule: text(search["rule"]),
    sampled: typeof sampled === "boolean" ? sampled : undefined,
    id: text(search["id"]),
    request: text(search["request"]),
  });
}

/** What a new rule begins with: patterns that somebody chose elsewhere. */
export type NewRuleSearch = Partial<Patterns>;

function readNewRuleSearch(search: Record<string, unknown>): NewRuleSearch {
  return present(Object.fromEntries(PATTERNS.map((name) => [name, text(search[name])])));
}

export const samplingRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/sampling",
    validateSearch: readSamplingSearch,
    component: lazyRouteComponent(() => import("./page"), "SamplingPage"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/sampling/new",
    validateSearch: readNewRuleSearch,
    component: lazyRouteComponent(() => import("./rule-page"), "NewRulePage"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/sampling/$ruleName",
    component: lazyRouteComponent(() => import("./rule-page"), "EditRulePage"),
  }),
];
