// All pages, and how the URL names them. Each area of pages keeps its own routes.

import { createRoute, createRouter, redirect } from "@tanstack/react-router";
import { apisRoutes } from "../pages/apis/routes";
import { doctorRoutes } from "../pages/doctor/routes";
import { errorsRoutes } from "../pages/errors/routes";
import { functionsRoutes } from "../pages/functions/routes";
import { mapRoutes } from "../pages/map/routes";
import { samplingRoutes } from "../pages/sampling/routes";
import { startRoutes } from "../pages/start/routes";
import { traceRoutes } from "../pages/trace/routes";
import { tracesRoutes } from "../pages/traces/routes";
import { Broken, NotFound } from "./lost";
import { rootRoute } from "./root";

const home = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/traces" });
  },
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    home,
    ...tracesRoutes,
    ...traceRoutes,
    ...mapRoutes,
    ...errorsRoutes,
    ...samplingRoutes,
    ...apisRoutes,
    ...functionsRoutes,
    ...doctorRoutes,
    ...startRoutes,
  ]),
  basepath: "/_fluoro/console",
  defaultPreload: "intent",
  // What a page does not know of its search, or cannot read, is no part of it.
  search: { strict: true },
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: Broken,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
