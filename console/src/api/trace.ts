// What is asked about one trace: its documents and graph from the X-Ray API, and what only Fluoro knows
// (`docs/http.md`): whether more is to come, why it was sampled, what its functions wrote.

import type { Decision } from "../model/decisions";
import type { TraceId } from "../model/trace-id";
import { batchGetTraces, getTraceGraph, type XRayService, type XRayTrace } from "./aws";
import { ApiError, call, own } from "./operation";

export interface TraceState {
  readonly found: boolean;
  /** Nothing more is known to come. */
  readonly complete: boolean;
  /** What is, in words; at most 100. */
  readonly open: readonly string[];
  /** Documents received. */
  readonly documents: number;
}

export interface LogLine {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly request_id: string | null;
  /** The environment that wrote it. */
  readonly stream: string;
  readonly text: string;
}

/** Undefined when the server has nothing of it. */
export async function traceDocuments(id: TraceId, signal?: AbortSignal): Promise<XRayTrace | undefined> {
  const answer = await call(batchGetTraces, { TraceIds: [id] }, signal);
  return answer.Traces?.[0];
}

export async function traceGraph(id: TraceId, signal?: AbortSignal): Promise<readonly XRayService[]> {
  const answer = await call(getTraceGraph, { TraceIds: [id] }, signal);
  return answer.Services ?? [];
}

/** Answers as soon as the trace is complete, at the latest after `wait`. */
export function traceState(id: TraceId, wait: `${number}s`, signal?: AbortSignal): Promise<TraceState> {
  return own<TraceState>(`traces/${id}?wait=${wait}`, signal ? { signal } : {});
}

/** The decisions on the trace's requests to stages; none when no stage took part, or too long ago to be remembered. */
export async function samplingDecisions(id: TraceId, signal?: AbortSignal): Promise<readonly Decision[]> {
  try {
    const query = new URLSearchParams({ id });
    const answer = await own<{ requests: Decision[] }>(`sampling/why?${query}`, signal ? { signal } : {});
    return answer.requests;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

/** The newest lines that a function wrote in this trace; undefined when the server has no such function. */
export async function functionLines(
  name: string,
  trace: TraceId,
  signal?: AbortSignal,
): Promise<readonly LogLine[] | undefined> {
  try {
    const path = `functions/${encodeURIComponent(name)}/logs?${new URLSearchParams({ trace })}`;
    return (await own<{ lines: LogLine[] }>(path, signal ? { signal } : {})).lines;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
