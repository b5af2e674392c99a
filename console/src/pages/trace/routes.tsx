import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readTraceSearch } from "./search";

export const traceRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/traces/$traceId",
    validateSearch: readTraceSearch,
    component: lazyRouteComponent(() => import("./page"), "TracePage"),
  }),
];
