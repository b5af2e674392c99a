// What the service map asks the server.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getServiceGraph } from "../../api/aws";
import { call } from "../../api/operation";
import { summariesPage } from "../../api/trace-summaries";
import { graphWindowOf, isLive, type TimeSearch, timeOf, windowOf } from "../../app/time";
import { rowOf, type TraceRow } from "../../model/trace-row";
import type { MapSearch } from "./search";

/** How often a map that follows what happens is drawn anew. */
const EVERY_MS = 5_000;

/** So many of the latest traces are listed beside a node. */
const LATEST = 10;

export function isFollowing(search: MapSearch): boolean {
  return search.live !== false && isLive(search);
}

export function useGraph(search: MapSearch) {
  const time = timeOf(search);
  const { group } = search;
  return useQuery({
    queryKey: ["service-graph", time, group],
    queryFn: async ({ signal }) => {
      const window = graphWindowOf(time);
      const asked = {
        StartTime: window.from,
        EndTime: window.to,
        ...(group === undefined ? {} : { GroupName: group }),
      };
      const { Services: services = [] } = await call(getServiceGraph, asked, signal);
      return { services, window };
    },
    refetchInterval: isFollowing(search) ? EVERY_MS : false,
    placeholderData: keepPreviousData,
  });
}

export interface LatestTraces {
  readonly rows: readonly TraceRow[];
  /** There are more than these. */
  readonly hasMore: boolean;
}

/** The latest traces that a filter finds, anew whenever the map is. */
export function useLatestTraces(filter: string | undefined, time: TimeSearch, isFollowed: boolean) {
  return useQuery({
    queryKey: ["latest-traces", filter, time],
    enabled: filter !== undefined,
    queryFn: async ({ signal }): Promise<LatestTraces> => {
      const { from, to } = windowOf(time);
      const { summaries, next } = await summariesPage(filter ?? "", from, { to }, signal);
      const rows = summaries.flatMap((summary) => rowOf(summary) ?? []).sort((a, b) => b.start - a.start);
      return { rows: rows.slice(0, LATEST), hasMore: rows.length > LATEST || next !== undefined };
    },
    refetchInterval: isFollowed ? EVERY_MS : false,
    placeholderData: keepPreviousData,
  });
}
