// A trace as the server knows it, followed until it is complete.

import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import type { XRayTrace } from "../api/aws";
import { type TraceState, traceCompletion } from "../api/fluoro-api";
import { traceDocuments } from "../api/trace";
import type { TraceId } from "../model/trace-id";

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
