import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { CLASSES, type Class } from "../../model/doctor";

export interface DoctorSearch {
  /** Clients that have something of this. */
  class?: Class;
  /** Clients whose name contains this. */
  client?: string;
}

function readDoctorSearch(search: Record<string, unknown>): DoctorSearch {
  const of = CLASSES.find((one) => one === search["class"]);
  const { client } = search;
  return {
    ...(of && { class: of }),
    ...((typeof client === "string" || typeof client === "number") && { client: String(client) }),
  };
}

export const doctorRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/doctor",
    validateSearch: readDoctorSearch,
    component: lazyRouteComponent(() => import("./page"), "DoctorPage"),
  }),
];
