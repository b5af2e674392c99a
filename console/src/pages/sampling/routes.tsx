import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
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
  const { view, rule, sampled, id, request } = search;
  return {
    ...(view === "decisions" && { view }),
    ...(isText(rule) && { rule: String(rule) }),
    ...(typeof sampled === "boolean" && { sampled }),
    ...(isText(id) && { id: String(id) }),
    ...(isText(request) && { request: String(request) }),
  };
}

/** What a new rule begins with: patterns that somebody chose elsewhere. */
export type NewRuleSearch = Partial<Patterns>;

function readNewRuleSearch(search: Record<string, unknown>): NewRuleSearch {
  return Object.fromEntries(
    PATTERNS.flatMap((name) => (isText(search[name]) ? [[name, String(search[name])] as const] : [])),
  );
}

// A name of digits comes out of the URL as a number.
function isText(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
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
