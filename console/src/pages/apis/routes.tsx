import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readTime } from "../../app/time";

export const apisRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/apis",
    validateSearch: readTime,
    component: lazyRouteComponent(() => import("./page"), "ApisPage"),
  }),
];
