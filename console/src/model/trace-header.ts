// The tracing header, `X-Amzn-Trace-Id: Root=1-…;Parent=…;Sampled=1`. Source: X-Ray developer guide, tracing header.

import { parseTraceId, type TraceId } from "./trace-id";

export const TRACE_HEADER = "X-Amzn-Trace-Id";

export interface TraceHeader {
  readonly root: TraceId | undefined;
  /** Undefined when nobody has decided. */
  readonly sampled: boolean | undefined;
}

export function readTraceHeader(text: string | null): TraceHeader {
  const fields = new Map<string, string>();
  for (const field of (text ?? "").split(";")) {
    const [key = "", value = ""] = field.split("=", 2);
    fields.set(key.trim().toLowerCase(), value.trim());
  }
  const sampled = fields.get("sampled");
  return {
    root: parseTraceId(fields.get("root") ?? ""),
    sampled: sampled === "1" ? true : sampled === "0" ? false : undefined,
  };
}

/** A new trace's id: the version, the second in which it begins, 96 random bits. */
export function newTraceId(epochMilliseconds: number, random: Uint8Array): TraceId {
  const second = Math.floor(epochMilliseconds / 1000)
    .toString(16)
    .padStart(8, "0");
  const rest = Array.from(random.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `1-${second}-${rest}` as TraceId;
}
