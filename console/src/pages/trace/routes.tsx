import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readTime } from "../../app/time";

export const traceRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/traces/$traceId",
    validateSearch: readTime,
    component: lazyRouteComponent(() => import("./page"), "TracePage"),
  }),
];
