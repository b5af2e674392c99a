import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { oneOf, present, text } from "../../app/search";
import { readList } from "../../components/resource-list";
import { SINCES } from "../../components/traffic-range";

const TABS = ["code", "test", "monitor", "logs", "configuration"] as const;

export const FUNCTION_COLUMNS = [
  "name",
  "runtime",
  "handler",
  "tracing",
  "requests",
  "memory",
  "timeout",
  "modified",
] as const;

export const functionsRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/functions",
    validateSearch: readList(FUNCTION_COLUMNS),
    component: lazyRouteComponent(() => import("./page"), "FunctionsPage"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/functions/$name",
    // `event` is the name of the test event, `q` what is searched for in the log, `file` the file of the code.
    validateSearch: (search: Record<string, unknown>) =>
      present({
        tab: oneOf(TABS, search["tab"]),
        event: text(search["event"]),
        q: text(search["q"]),
        file: text(search["file"]),
        since: oneOf(SINCES, search["since"]),
      }),
    component: lazyRouteComponent(() => import("./function-page"), "FunctionPage"),
  }),
];
