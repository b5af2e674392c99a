import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readTime } from "../../app/time";

export const tracesRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/traces",
    validateSearch: readTime,
    component: lazyRouteComponent(() => import("./page"), "TracesPage"),
  }),
];
