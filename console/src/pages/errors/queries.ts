// The failed traces of a window, page by page, the latest first, up to a number that can be raised.

import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { batchGetTraces, type XRayTraceSummary } from "../../api/aws";
import { call } from "../../api/operation";
import { type SummariesPlace, summariesPage } from "../../api/trace-summaries";
import { isLive, timeOf, type Window, windowOf } from "../../app/time";
import { failedTracesFilter } from "../../model/errors-filter";
import { scoped } from "../../model/filter/scope";
import { readDocument } from "../../model/trace/documents";
import { buildTrace, type Row } from "../../model/trace/trace";
import type { ErrorsSearch } from "./search";

/** So many failed traces are counted at first, and so many more each time that somebody wants more. */
const BATCH = 2_000;

/** So many can be counted anew every few seconds. */
const FOLLOWED = 500;
const EVERY_MS = 5_000;

/** All pages are of the window that the first one was of. */
interface PageStart {
  readonly window: Window;
  readonly place: SummariesPlace;
}

interface Page {
  readonly summaries: readonly XRayTraceSummary[];
  readonly window: Window;
  readonly next: PageStart | undefined;
}

export interface FailedTraces {
  readonly summaries: readonly XRayTraceSummary[];
  readonly window: Window;
  readonly isCounting: boolean;
  /** There are more than were counted. */
  readonly countMore: (() => void) | undefined;
  /** It is counted anew by itself. */
  readonly isFollowed: boolean;
}

/** What is asked of the server. */
export function expressionOf({ handled, group }: ErrorsSearch): string {
  return scoped(failedTracesFilter(handled === true), group).expression;
}

export function useFailedTraces(search: ErrorsSearch) {
  const time = timeOf(search);
  const expression = expressionOf(search);
  const asked = JSON.stringify([time, expression]);
  const [most, setMost] = useState({ asked, count: BATCH });
  if (most.asked !== asked) setMost({ asked, count: BATCH });
  const query = useInfiniteQuery({
    queryKey: ["failed-traces", time, expression],
    queryFn: ({ pageParam, signal }) => pageOf(expression, pageParam ?? startOf(windowOf(time)), signal),
    initialPageParam: undefined as PageStart | undefined,
    getNextPageParam: (page: Page) => page.next,
    refetchInterval: ({ state }) =>
      isLive(search) && search.live !== false && countOf(state.data?.pages) <= FOLLOWED ? EVERY_MS : false,
    placeholderData: keepPreviousData,
  });
  const { data, hasNextPage, isFetching, isError, isPlaceholderData, fetchNextPage } = query;
  const count = countOf(data?.pages);
  const wantsMore = hasNextPage && !isPlaceholderData && !isError && count < most.count;
  useEffect(() => {
    if (wantsMore && !isFetching) void fetchNextPage();
  }, [wantsMore, isFetching, fetchNextPage]);
  const failed = useMemo(() => {
    const [first] = data?.pages ?? [];
    return first && { summaries: distinct(data?.pages ?? []), window: first.window };
  }, [data]);
  const counted: FailedTraces | undefined = failed && {
    ...failed,
    isCounting: wantsMore,
    countMore: hasNextPage && !wantsMore ? () => setMost({ asked, count: count + BATCH }) : undefined,
    isFollowed: count <= FOLLOWED,
  };
  return { query, failed: counted };
}

async function pageOf(expression: string, { window, place }: PageStart, signal: AbortSignal): Promise<Page> {
  const { summaries, next } = await summariesPage(expression, window.from, place, signal);
  return { summaries, window, next: next && { window, place: next } };
}

function startOf(window: Window): PageStart {
  return { window, place: { to: window.to } };
}

function countOf(pages: readonly Page[] | undefined): number {
  return (pages ?? []).reduce((sum, page) => sum + page.summaries.length, 0);
}

/** Each trace once: while pages come, one may move from a page to the next. */
function distinct(pages: readonly Page[]): readonly XRayTraceSummary[] {
  const byId = new Map(pages.flatMap((page) => page.summaries.map((summary) => [summary.Id, summary])));
  return [...byId.values()];
}

/** A trace's rows, for the stack of an exception in it; undefined when the trace is gone. */
export function useRows(id: string | undefined) {
  return useQuery({
    queryKey: ["failed-trace", id],
    enabled: id !== undefined,
    queryFn: async ({ signal }): Promise<readonly Row[] | null> => {
      const { Traces = [] } = await call(batchGetTraces, { TraceIds: id === undefined ? [] : [id] }, signal);
      const documents = Traces[0]?.Segments?.flatMap(({ Document }) => readDocument(Document ?? "") ?? []);
      return documents ? buildTrace(documents).rows : null;
    },
    staleTime: 60_000,
  });
}
