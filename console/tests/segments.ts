// Segment documents that tests send, each a trace of its own.

import { randomBytes } from "node:crypto";
import { expect } from "./fixtures";

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

export function randomId(bytes = 8): string {
  return randomBytes(bytes).toString("hex");
}

export async function send(ask: Ask, documents: readonly object[]) {
  const response = await ask("/TraceSegments", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ TraceSegmentDocuments: documents.map((document) => JSON.stringify(document)) }),
  });
  expect(await response.json()).toMatchObject({ UnprocessedTraceSegments: [] });
}

/** A segment that began a few seconds ago. */
export function segment(name: string, more: object = {}) {
  const start = Date.now() / 1000 - 5;
  const id = `1-${Math.floor(start).toString(16)}-${randomId(12)}`;
  return { trace_id: id, id: randomId(), name, start_time: start, end_time: start + 0.2, ...more };
}
