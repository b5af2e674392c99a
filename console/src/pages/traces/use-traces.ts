// The traces of a window that a filter finds, newest first: they come page by page until all are there, somebody stops
// it, or there are as many as the page keeps.

import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  useInfiniteQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { type SummariesPlace, summariesPage } from "../../api/trace-summaries";
import type { EpochSeconds, Window } from "../../app/time";
import { mergedRows, rowOf, type TraceRow, type WireSummary } from "../../model/trace-row";

/** So many traces are kept; more than these nobody reads, and a narrower filter finds the rest. */
export const MOST_TRACES = 5_000;

export interface TraceSearch {
  readonly rows: readonly TraceRow[];
  readonly state: "loading" | "done" | "stopped" | "full";
  /** From when on all is there. */
  readonly coveredFrom: EpochSeconds;
  /** How much of the window was looked through, 0 to 1. */
  readonly progress: number;
  /** How many traces the server looked at. */
  readonly processed: number;
  readonly error: Error | null;
  /** Whether the rows are still those of what was asked for before. */
  readonly isStale: boolean;
  readonly stop: () => void;
  readonly goOn: () => void;
}

/** The first traces are shown as soon as the server has them; later ones so many of its pages at a time. */
const PAGES_AT_ONCE = 5;

/** What is asked in one go. */
interface Batch {
  readonly from: SummariesPlace;
  /** How many of the server's pages. */
  readonly pages: number;
}

interface Page {
  readonly rows: readonly TraceRow[];
  readonly processed: number;
  readonly coveredFrom: EpochSeconds;
  readonly next: SummariesPlace | undefined;
}

/** The question itself; asked beforehand, its first page is there when the list is. */
export function tracesQuery(expression: string, { from, to }: Window) {
  return infiniteQueryOptions({
    queryKey: ["trace summaries", expression, from, to],
    queryFn: ({ pageParam, signal }) => batchOf(expression, from, pageParam, signal),
    initialPageParam: { from: { to }, pages: 1 } as Batch,
    getNextPageParam: (page) => page.next && { from: page.next, pages: PAGES_AT_ONCE },
    // Comparing thousands of traces with themselves is of no use: none is told twice.
    structuralSharing: false,
    // A window that stands still has one answer; whoever wants another takes it anew.
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useTraces(expression: string, window: Window): TraceSearch {
  const { from, to } = window;
  const asked = JSON.stringify([expression, from, to]);
  const queries = useQueryClient();
  const [stopped, setStopped] = useState("");
  const isStopped = stopped === asked;
  const question = tracesQuery(expression, window);
  const query = useInfiniteQuery({
    ...question,
    // Who stops before the first answer sees none, and not what was asked for before.
    ...(isStopped ? {} : { placeholderData: keepPreviousData }),
    enabled: !isStopped,
  });
  const pages = query.data?.pages;
  const rows = useMemo(() => rowsOf(query.data), [query.data]);
  const { hasNextPage, isFetching, isError, isPlaceholderData, fetchNextPage } = query;
  const hasNone = query.data === undefined || isPlaceholderData;
  const isFull = rows.length >= MOST_TRACES && !isPlaceholderData;
  const wantsMore = hasNextPage && !hasNone && !isStopped && !isFull && !isError;
  useEffect(() => {
    if (wantsMore && !isFetching) void fetchNextPage();
  }, [wantsMore, isFetching, fetchNextPage]);

  const lastRow = isFull ? rows.at(-1) : undefined;
  const coveredFrom = lastRow?.start ?? pages?.at(-1)?.coveredFrom ?? to;
  return {
    rows,
    state: stateOf(wantsMore || isFetching, hasNextPage && isFull, isStopped && (hasNextPage || hasNone)),
    coveredFrom,
    progress: to > from ? Math.min(1, Math.max(0, (to - coveredFrom) / (to - from))) : 1,
    processed: (pages ?? []).reduce((sum, page) => sum + page.processed, 0),
    error: query.error,
    isStale: isPlaceholderData,
    stop: () => {
      setStopped(asked);
      void queries.cancelQueries({ queryKey: question.queryKey });
    },
    goOn: () => setStopped(""),
  };
}

function stateOf(isLoading: boolean, isFull: boolean, isStopped: boolean): TraceSearch["state"] {
  if (isFull) return "full";
  if (isStopped) return "stopped";
  return isLoading ? "loading" : "done";
}

async function batchOf(expression: string, from: EpochSeconds, batch: Batch, signal: AbortSignal): Promise<Page> {
  let all = await pageOf(expression, from, batch.from, signal);
  for (let asked = 1; asked < batch.pages && all.next; asked += 1) {
    const page = await pageOf(expression, from, all.next, signal);
    all = { ...page, rows: [...all.rows, ...page.rows], processed: all.processed + page.processed };
  }
  return all;
}

async function pageOf(
  expression: string,
  from: EpochSeconds,
  place: SummariesPlace,
  signal: AbortSignal,
): Promise<Page> {
  const { summaries, ...page } = await summariesPage(expression, from, place, signal);
  return { ...page, rows: (summaries as readonly WireSummary[]).flatMap((summary) => rowOf(summary) ?? []) };
}

/** Each trace once: while pages come, one may move from a page to the next. */
function rowsOf(data: InfiniteData<Page> | undefined): readonly TraceRow[] {
  return mergedRows([], data?.pages.flatMap((page) => page.rows) ?? []).slice(0, MOST_TRACES);
}
