import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readTraces } from "./search";

export const tracesRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/traces",
    validateSearch: readTraces,
    component: lazyRouteComponent(() => import("./page"), "TracesPage"),
  }),
];
