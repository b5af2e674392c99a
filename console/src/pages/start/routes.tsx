import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";

export interface StartSearch {
  /** A guide's id. */
  language?: string;
  /** A variant's id. */
  kind?: string;
}

function readStartSearch({ language, kind }: Record<string, unknown>): StartSearch {
  return {
    ...(typeof language === "string" && { language }),
    ...(typeof kind === "string" && { kind }),
  };
}

export const startRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/start",
    validateSearch: readStartSearch,
    component: lazyRouteComponent(() => import("./page"), "StartPage"),
  }),
];
