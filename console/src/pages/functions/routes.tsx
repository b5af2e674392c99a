import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readTime } from "../../app/time";

export const functionsRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/functions",
    validateSearch: readTime,
    component: lazyRouteComponent(() => import("./page"), "FunctionsPage"),
  }),
];
