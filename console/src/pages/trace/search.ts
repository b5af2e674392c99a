// What the URL of a trace says beyond its id, and how the page changes that.

import { getRouteApi, useRouter, useRouterState } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { readTime, type TimeSearch } from "../../app/time";

export const VIEWS = ["timeline", "map", "logs", "sampling"] as const;
export type View = (typeof VIEWS)[number];

/** The time is that of the list of traces, to which the page leads back. */
export interface TraceSearch extends TimeSearch {
  /** The timeline when absent. */
  view?: View;
  /** The selected row's key. */
  row?: string;
  /** The part of the trace's time that is looked at: `0.25-0.5`. */
  zoom?: string;
}

export function readTraceSearch(search: Record<string, unknown>): TraceSearch {
  const { view, row, zoom } = search;
  const key = keyOf(row);
  const read: TraceSearch = readTime(search);
  const known = VIEWS.find((one) => one === view);
  if (known) read.view = known;
  if (key !== undefined) read.row = key;
  if (typeof zoom === "string") read.zoom = zoom;
  return read;
}

/** An id of digits alone is a number to the router when somebody wrote the URL by hand. */
function keyOf(row: unknown): string | undefined {
  if (typeof row === "string") return row;
  return typeof row === "number" && Number.isSafeInteger(row) ? String(row).padStart(16, "0") : undefined;
}

const route = getRouteApi("/traces/$traceId");

/** How long a search stands still before the URL says it: browsers refuse hundreds of changes in a row. */
const SETTLED_MS = 150;

type Change = { [K in keyof TraceSearch]?: TraceSearch[K] | undefined };

/** The page's search, and a way to change it that shows at once and takes the URL along a moment later. */
export function useTraceSearch(): { search: TraceSearch; change: (change: Change) => void } {
  const inUrl = route.useSearch();
  const navigate = route.useNavigate();
  const router = useRouter();
  const here = useRouterState({ select: (state) => state.location.pathname });
  const [ahead, setAhead] = useState<Change>({});
  useEffect(() => {
    if (Object.keys(ahead).length === 0) return;
    const timer = setTimeout(() => {
      // Somebody is on the way to another page, which the change must not hold up.
      if (router.latestLocation.pathname !== here) return;
      const settled = () => setAhead((now) => (now === ahead ? {} : now));
      void navigate({ search: (before) => merged(before, ahead), replace: true, resetScroll: false }).then(settled);
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [ahead, navigate, router, here]);
  const change = useCallback((change: Change) => setAhead((before) => ({ ...before, ...change })), []);
  const search = useMemo(() => merged(inUrl, ahead), [inUrl, ahead]);
  return { search, change };
}

/** A member that is changed to undefined goes. */
function merged(search: TraceSearch, change: Change): TraceSearch {
  const all = Object.entries({ ...search, ...change }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(all) as TraceSearch;
}
