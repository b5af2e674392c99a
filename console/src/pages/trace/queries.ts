// What the trace page asks the server beyond the trace itself, and how often.

import { keepPreviousData, type UseQueryResult, useQueries, useQuery } from "@tanstack/react-query";
import type { XRayService } from "../../api/aws";
import type { LogLine, TraceState } from "../../api/fluoro-api";
import { functionLines, samplingDecisions, traceGraph } from "../../api/trace";
import type { Decision } from "../../model/decisions";
import type { TraceId } from "../../model/trace-id";

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
