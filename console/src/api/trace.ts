// What is asked about one trace, where nothing to tell is no failure: its documents and graph from the X-Ray API, and
// what only Fluoro knows.

import type { Decision } from "../model/decisions";
import type { TraceId } from "../model/trace-id";
import { batchGetTraces, getTraceGraph, type XRayService, type XRayTrace } from "./aws";
import { type LogLine, logs } from "./fluoro-api";
import { ApiError, call } from "./operation";
import { decisionsQuery } from "./sampling";

/** Undefined when the server has nothing of it. */
export async function traceDocuments(id: TraceId, signal: AbortSignal): Promise<XRayTrace | undefined> {
  const answer = await call(batchGetTraces, { TraceIds: [id] }, signal);
  return answer.Traces?.[0];
}

export async function traceGraph(id: TraceId, signal: AbortSignal): Promise<readonly XRayService[]> {
  const answer = await call(getTraceGraph, { TraceIds: [id] }, signal);
  return answer.Services ?? [];
}

/** The decisions on the trace's requests to stages; none when no stage took part, or too long ago to be remembered. */
export async function samplingDecisions(id: TraceId, signal: AbortSignal): Promise<readonly Decision[]> {
  const decisions = await ifFound(decisionsQuery({ id }).queryFn({ signal }));
  return decisions ?? [];
}

/** The newest lines that a function wrote in this trace; undefined when the server has no such function. */
export function functionLines(
  name: string,
  trace: TraceId,
  signal: AbortSignal,
): Promise<readonly LogLine[] | undefined> {
  return ifFound(logs(name, trace, signal));
}

async function ifFound<Output>(answer: Promise<Output>): Promise<Output | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
