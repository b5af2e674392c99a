import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readTime } from "../../app/time";

export const samplingRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/sampling",
    validateSearch: readTime,
    component: lazyRouteComponent(() => import("./page"), "SamplingPage"),
  }),
];
