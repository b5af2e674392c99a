import { createRoute } from "@tanstack/react-router";
import { awaitBriefly, queries } from "../../app/queries";
import { rootRoute } from "../../app/root";
import { windowAhead } from "../../app/window";
import { scoped } from "../../model/filter/scope";
import { TracesPage } from "./page";
import { readTraces } from "./search";
import { tracesQuery } from "./use-traces";

export const tracesRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/traces",
    validateSearch: readTraces,
    beforeLoad: async ({ search, location, cause }) => {
      if (cause !== "enter") return;
      const { expression } = scoped(search.filter ?? "", search.group);
      await awaitBriefly(queries.prefetchInfiniteQuery(tracesQuery(expression, windowAhead(location, search))));
    },
    // Where most come in: it is loaded with everything else, not after it.
    component: TracesPage,
  }),
];
