import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readTime } from "../../app/time";

export const errorsRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/errors",
    validateSearch: readTime,
    component: lazyRouteComponent(() => import("./page"), "ErrorsPage"),
  }),
];
