// What the URL of the service map says, and how the page changes that.

import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import { readTime, type TimeSearch } from "../../app/time";
import type { EdgeKey, GraphSelection, NodeKey } from "../../model/graph";
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
  const { group, by, find, view, live, node, edge, outcomes, over, under } = search;
  const read: MapSearch = readTime(search);
  if (isText(group)) read.group = group;
  if (isOneOf(GROUPINGS, by) && by !== "none") read.by = by;
  if (isText(find)) read.find = find;
  if (view === "list") read.view = view;
  if (live === false) read.live = live;
  if (isText(node)) read.node = node as NodeKey;
  else if (isText(edge)) read.edge = edge as EdgeKey;
  const known = Array.isArray(outcomes) ? OUTCOMES.filter((outcome) => outcomes.includes(outcome)) : [];
  if (known.length > 0) read.outcomes = known;
  if (typeof over === "number" && over >= 0) read.over = over;
  if (typeof under === "number" && under >= 0) read.under = under;
  return read;
}

export function selectionOf({ node, edge }: MapSearch): GraphSelection | undefined {
  if (node !== undefined) return { kind: "node", key: node };
  return edge === undefined ? undefined : { kind: "edge", key: edge };
}

/** The search's time alone, for links to other pages. */
export function timeOf({ since, from, to }: MapSearch): TimeSearch {
  if (from !== undefined && to !== undefined) return { from, to };
  return since === undefined ? {} : { since };
}

export type MapChange = { [K in keyof MapSearch]?: MapSearch[K] | undefined };

/** The page's search, and what changes it, for the parts of the page. */
export interface Searching {
  readonly search: MapSearch;
  readonly onChange: (change: MapChange, replace?: boolean) => void;
}

/** Nothing chosen of what is selected. */
export const WHOLE: MapChange = { outcomes: undefined, over: undefined, under: undefined };

export function selecting(selection: GraphSelection | undefined): MapChange {
  return {
    ...WHOLE,
    node: selection?.kind === "node" ? selection.key : undefined,
    edge: selection?.kind === "edge" ? selection.key : undefined,
  };
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

function merged(search: MapSearch, change: MapChange): MapSearch {
  const all = Object.entries({ ...search, ...change }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(all) as MapSearch;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isOneOf<T extends string>(all: readonly T[], value: unknown): value is T {
  return all.some((one) => one === value);
}
