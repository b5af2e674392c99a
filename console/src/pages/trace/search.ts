// What the URL of a trace says beyond its id, and how the page changes that.

import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { isLeaving } from "../../app/leaving";
import { merged, oneOf, present, text } from "../../app/search";
import { readTime, type TimeSearch } from "../../app/time";
import type { EdgeKey, NodeKey } from "../../model/graph";

export const VIEWS = ["timeline", "map", "logs", "sampling"] as const;
export type View = (typeof VIEWS)[number];

export const SHOWN = ["all", "critical", "failed", "waits"] as const;
/** Which rows of the timeline are shown. */
export type Shown = (typeof SHOWN)[number];

/** The time is that of the list of traces, to which the page leads back. */
export interface TraceSearch extends TimeSearch {
  /** The timeline when absent. */
  view?: View;
  /** The selected row's key. */
  row?: string;
  /** The part of the trace's time that is looked at: `0.25-0.5`. */
  zoom?: string;
  /** All rows when absent. */
  shown?: Exclude<Shown, "all">;
  /** What is searched for in the timeline. */
  find?: string;
  /** What is selected on the map. */
  node?: NodeKey;
  edge?: EdgeKey;
}

export function readTraceSearch(search: Record<string, unknown>): TraceSearch {
  const { zoom } = search;
  const shown = oneOf(SHOWN, search["shown"]);
  return {
    ...readTime(search),
    ...present({
      view: oneOf(VIEWS, search["view"]),
      row: keyOf(search["row"]),
      zoom: typeof zoom === "string" ? zoom : undefined,
      shown: shown === "all" ? undefined : shown,
      find: text(search["find"]),
      node: text(search["node"]) as NodeKey | undefined,
      edge: text(search["edge"]) as EdgeKey | undefined,
    }),
  };
}

/** An id of digits alone is a number to the router when somebody wrote the URL by hand. */
function keyOf(row: unknown): string | undefined {
  if (typeof row === "string") return row;
  return typeof row === "number" && Number.isSafeInteger(row) ? String(row).padStart(16, "0") : undefined;
}

const route = getRouteApi("/traces/$traceId");

/** How long a search stands still before the URL says it: browsers refuse hundreds of changes in a row. */
const SETTLED_MS = 150;

export type TraceChange = { [K in keyof TraceSearch]?: TraceSearch[K] | undefined };

/** The page's search, and a way to change it that shows at once and takes the URL along a moment later. */
export function useTraceSearch(): { search: TraceSearch; change: (change: TraceChange) => void } {
  const inUrl = route.useSearch();
  const navigate = route.useNavigate();
  const router = useRouter();
  const [ahead, setAhead] = useState<TraceChange>({});
  useEffect(() => {
    if (Object.keys(ahead).length === 0) return;
    const timer = setTimeout(() => {
      if (isLeaving(router)) return;
      const settled = () => setAhead((now) => (now === ahead ? {} : now));
      void navigate({ search: (before) => merged(before, ahead), replace: true, resetScroll: false }).then(settled);
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [ahead, navigate, router]);
  const change = useCallback((change: TraceChange) => setAhead((before) => ({ ...before, ...change })), []);
  const search = useMemo(() => merged(inUrl, ahead), [inUrl, ahead]);
  return { search, change };
}
