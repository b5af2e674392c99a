// What the trace page asks the server, and how often: a trace that is not complete is followed until it is.

import { keepPreviousData, type UseQueryResult, useQueries, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import type { XRayService, XRayTrace } from "../../api/aws";
import { type LogLine, type TraceState, traceCompletion } from "../../api/fluoro-api";
import { functionLines, samplingDecisions, traceDocuments, traceGraph } from "../../api/trace";
import type { Decision } from "../../model/decisions";
import type { TraceId } from "../../model/trace-id";

/** The server holds an answer back for so long while the trace is not complete; so new documents show as soon. */
const FOLLOWED = "1s";

/** A trace of which nothing came for so long may never end: it is asked for less often. */
const QUIET_MS = 120_000;
const QUIET_PAUSE_MS = 10_000;

export function useTraceState(id: TraceId): UseQueryResult<TraceState> {
  const changed = useRef({ documents: -1, at: 0 });
  const queryKey = ["trace", id, "state"];
  return useQuery({
    queryKey,
    queryFn: async ({ client, signal }) => {
      const known = client.getQueryData(queryKey) !== undefined;
      const state = await traceCompletion(id, known ? FOLLOWED : "0s", signal);
      if (changed.current.documents !== state.documents) {
        changed.current = { documents: state.documents, at: Date.now() };
      }
      return state;
    },
    refetchInterval: (query) => {
      if (query.state.data?.complete) return false;
      return Date.now() - changed.current.at < QUIET_MS ? 100 : QUIET_PAUSE_MS;
    },
  });
}

/**
 * The trace as it was when the server had received so many documents of it; null when it had none. Asked after its
 * state, so that it is never older than that says.
 */
export function useTraceDocuments(id: TraceId, state: TraceState | undefined): UseQueryResult<XRayTrace | null> {
  return useQuery({
    queryKey: ["trace", id, "documents", state?.documents],
    queryFn: async ({ signal }) => (await traceDocuments(id, signal)) ?? null,
    enabled: state !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    // Large, and of no more use once there is a newer one.
    gcTime: 10_000,
    placeholderData: keepPreviousData,
  });
}

/** As `useTraceDocuments` has its documents. */
export function useTraceGraph(id: TraceId, state: TraceState | undefined): UseQueryResult<readonly XRayService[]> {
  return useQuery({
    queryKey: ["trace", id, "graph", state?.documents],
    queryFn: ({ signal }) => traceGraph(id, signal),
    enabled: state !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });
}

export function useSamplingDecisions(id: TraceId, asked: boolean): UseQueryResult<readonly Decision[]> {
  return useQuery({
    queryKey: ["trace", id, "sampling"],
    queryFn: ({ signal }) => samplingDecisions(id, signal),
    enabled: asked,
    staleTime: 30_000,
  });
}

export interface FunctionLines {
  readonly name: string;
  readonly query: UseQueryResult<readonly LogLine[] | null>;
}

/** What each of these functions wrote in the trace, followed while the trace is. */
export function useFunctionLines(id: TraceId, names: readonly string[], live: boolean): readonly FunctionLines[] {
  const results = useQueries({
    queries: names.map((name) => ({
      // Asked once more when the trace is complete: what was written last came last.
      queryKey: ["trace", id, "logs", name, live],
      queryFn: async ({ signal }: { signal: AbortSignal }) => (await functionLines(name, id, signal)) ?? null,
      refetchInterval: live ? 1_000 : (false as const),
      placeholderData: keepPreviousData,
    })),
  });
  return names.flatMap((name, at) => {
    const query = results[at];
    return query ? [{ name, query }] : [];
  });
}
