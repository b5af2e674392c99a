// What the URL of the service map says, and how the page changes that.

import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import { merged, oneOf, present, text } from "../../app/search";
import { readTime, type TimeSearch } from "../../app/time";
import { type EdgeKey, type GraphSelection, type NodeKey, selecting } from "../../model/graph";
import { GROUPINGS, type Grouping } from "../../model/graph-grouping";
import { OUTCOMES, type Outcome } from "../../model/outcome";

export interface MapSearch extends TimeSearch {
  /** The X-Ray group whose traces are shown; all traces when absent. */
  group?: string;
  /** What is drawn as one; every node by itself when absent. */
  by?: Exclude<Grouping, "none">;
  /** What is searched for. */
  find?: string;
  /** The map when absent. */
  view?: "list";
  /** It follows what happens, unless this is said. */
  live?: false;
  node?: NodeKey;
  edge?: EdgeKey;
  /** Which of the selected one's requests are meant; all when absent. */
  outcomes?: readonly Outcome[];
  /** So long they took at least, and at most, in seconds. */
  over?: number;
  under?: number;
}

export function readMapSearch(search: Record<string, unknown>): MapSearch {
  const { by, view, live, outcomes, over, under } = search;
  const node = text(search["node"]) as NodeKey | undefined;
  const edge = text(search["edge"]) as EdgeKey | undefined;
  const read: MapSearch = {
    ...readTime(search),
    ...present({ group: text(search["group"]), find: text(search["find"]), node, edge: node ? undefined : edge }),
  };
  const grouping = oneOf(GROUPINGS, by);
  if (grouping && grouping !== "none") read.by = grouping;
  if (view === "list") read.view = view;
  if (live === false) read.live = live;
  const known = Array.isArray(outcomes) ? OUTCOMES.filter((outcome) => outcomes.includes(outcome)) : [];
  if (known.length > 0) read.outcomes = known;
  if (typeof over === "number" && over >= 0) read.over = over;
  if (typeof under === "number" && under >= 0) read.under = under;
  return read;
}

export type MapChange = { [K in keyof MapSearch]?: MapSearch[K] | undefined };

/** The page's search, and what changes it, for the parts of the page. */
export interface Searching {
  readonly search: MapSearch;
  readonly onChange: (change: MapChange, replace?: boolean) => void;
}

/** Nothing chosen of what is selected. */
export const WHOLE: MapChange = { outcomes: undefined, over: undefined, under: undefined };

export function choosing(selection: GraphSelection | undefined): MapChange {
  return { ...WHOLE, ...selecting(selection) };
}

const route = getRouteApi("/map");

/** The page's search, and what changes it: a member that is changed to undefined goes. */
export function useMapSearch(): { search: MapSearch; change: (change: MapChange, replace?: boolean) => void } {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback(
    (change: MapChange, replace = false) => {
      void navigate({ search: (before) => merged(before, change), replace, resetScroll: false });
    },
    [navigate],
  );
  return { search, change };
}
