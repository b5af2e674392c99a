import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readTime } from "../../app/time";

export const startRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/start",
    validateSearch: readTime,
    component: lazyRouteComponent(() => import("./page"), "StartPage"),
  }),
];
