import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { oneOf, present, text } from "../../app/search";
import { readList } from "../../components/resource-list";
import { SINCES } from "../../components/traffic-range";
import { STEP_IDS } from "../../model/integration";
import { readDraft } from "../../model/stage-request";

const API_TABS = ["resources", "stages", "deployments", "statistics"] as const;
const STAGE_TABS = ["details", "test", "statistics"] as const;

export const API_COLUMNS = ["name", "id", "tracing", "requests", "faults", "created", "description"] as const;

export const apisRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/apis",
    validateSearch: readList(API_COLUMNS),
    component: lazyRouteComponent(() => import("./page"), "ApisPage"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/apis/$apiId",
    // The resource by its path, the method by its verb.
    validateSearch: (search: Record<string, unknown>) =>
      present({
        tab: oneOf(API_TABS, search["tab"]),
        resource: text(search["resource"]),
        method: text(search["method"]),
        step: oneOf(STEP_IDS, search["step"]),
        since: oneOf(SINCES, search["since"]),
      }),
    component: lazyRouteComponent(() => import("./api-page"), "ApiPage"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/apis/$apiId/settings",
    component: lazyRouteComponent(() => import("./settings-page"), "ApiSettingsPage"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/apis/$apiId/stages/$stage",
    // `draft` is the request that was sent last, without its headers: they may hold secrets.
    validateSearch: (search: Record<string, unknown>) =>
      present({
        tab: oneOf(STAGE_TABS, search["tab"]),
        resource: text(search["resource"]),
        method: text(search["method"]),
        draft: readDraft(search["draft"]),
        since: oneOf(SINCES, search["since"]),
      }),
    component: lazyRouteComponent(() => import("./stage-page"), "StagePage"),
  }),
];
