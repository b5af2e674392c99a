import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readErrorsSearch } from "./search";

export const errorsRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/errors",
    validateSearch: readErrorsSearch,
    component: lazyRouteComponent(() => import("./page"), "ErrorsPage"),
  }),
];
