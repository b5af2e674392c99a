import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readTime } from "../../app/time";

export const doctorRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/doctor",
    validateSearch: readTime,
    component: lazyRouteComponent(() => import("./page"), "DoctorPage"),
  }),
];
