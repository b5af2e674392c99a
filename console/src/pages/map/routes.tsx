import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readMapSearch } from "./search";

export const mapRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/map",
    validateSearch: readMapSearch,
    component: lazyRouteComponent(() => import("./page"), "MapPage"),
  }),
];
