// Segment documents that tests send.

import { randomBytes } from "node:crypto";
import { expect } from "./fixtures";

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

/** Documents that PutTraceSegments takes in one call. */
const AT_ONCE = 50;

export function randomId(bytes = 8): string {
  return randomBytes(bytes).toString("hex");
}

export function traceId(): string {
  return `1-${Math.floor(Date.now() / 1000).toString(16)}-${randomId(12)}`;
}

/** So many seconds ago, as documents have it. */
export function ago(seconds: number): number {
  return Date.now() / 1000 - seconds;
}

export async function send(ask: Ask, documents: readonly object[]) {
  const texts = documents.map((document) => JSON.stringify(document));
  await sendTexts(ask, texts);
}

/** As `send`, for documents that JavaScript could not write so. */
export async function sendTexts(ask: Ask, texts: readonly string[]) {
  for (let from = 0; from < texts.length; from += AT_ONCE) {
    const response = await ask("/TraceSegments", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ TraceSegmentDocuments: texts.slice(from, from + AT_ONCE) }),
    });
    expect(await response.json()).toMatchObject({ UnprocessedTraceSegments: [] });
  }
}

/** A segment that began a few seconds ago, a trace of its own. */
export function segment(name: string, more: object = {}) {
  const start = ago(5);
  return { trace_id: traceId(), id: randomId(), name, start_time: start, end_time: start + 0.2, ...more };
}
