import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readTime } from "../../app/time";

export const mapRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/map",
    validateSearch: readTime,
    component: lazyRouteComponent(() => import("./page"), "MapPage"),
  }),
];
