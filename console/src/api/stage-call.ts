// A request to a stage, as any client would send it.

import { newTraceId, readTraceHeader, TRACE_HEADER } from "../model/trace-header";
import type { TraceId } from "../model/trace-id";
import { reached } from "./operation";

export interface StageCall {
  readonly method: string;
  readonly url: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** Undefined where the method has none. */
  readonly body: string | undefined;
}

export interface StageAnswer {
  /** 0 for a redirect: a browser shows nothing of it. */
  readonly status: number;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** Undefined when it is no text. */
  readonly text: string | undefined;
  readonly bytes: number;
  /** From sending to the whole answer, in milliseconds. */
  readonly tookMs: number;
  /** The trace that the request belongs to, whether it is recorded or not. */
  readonly traceId: TraceId;
}

/**
 * Sends the request. It names a trace and leaves the decision on it open, as a client does that is instrumented but does
 * not sample: the gateway's own errors carry no trace header back, and without a name nobody could find their traces.
 */
export async function callStage(call: StageCall): Promise<StageAnswer> {
  const headers = new Headers(call.headers.map(([name, value]): [string, string] => [name, value]));
  const named = readTraceHeader(headers.get(TRACE_HEADER)).root;
  const root = named ?? newTraceId(Date.now(), crypto.getRandomValues(new Uint8Array(12)));
  if (!named) headers.set(TRACE_HEADER, `Root=${root}`);
  const began = performance.now();
  const response = await reached(call.url, {
    method: call.method,
    headers,
    redirect: "manual",
    cache: "no-store",
    ...(call.body ? { body: call.body } : {}),
  });
  const bytes = await response.arrayBuffer();
  return {
    status: response.status,
    headers: [...response.headers],
    text: textOf(bytes),
    bytes: bytes.byteLength,
    tookMs: performance.now() - began,
    traceId: readTraceHeader(response.headers.get(TRACE_HEADER)).root ?? root,
  };
}

function textOf(bytes: ArrayBuffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
