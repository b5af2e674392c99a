// Traces for the tests of one page, told from all others by an annotation of their own.

import { expect } from "./fixtures";

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

export interface Sent {
  /** How long ago it began; now, unless said. */
  readonly secondsAgo?: number;
  /** How long the root took; 50 ms unless said. */
  readonly seconds?: number;
  readonly service?: string;
  readonly method?: string;
  readonly url?: string;
  readonly status?: number;
  readonly user?: string;
  readonly annotations?: Readonly<Record<string, string | number | boolean>>;
  /** What was thrown, where the status is a fault. */
  readonly exception?: { readonly type: string; readonly message: string };
}

/** A text that no other test has. */
export function unique(): string {
  // A letter first, so that it is a word.
  return `r${hex(9)}`;
}

/** Sends one trace of one segment each, and returns their ids; they can be found from then on. */
export async function send(ask: Ask, traces: readonly Sent[]): Promise<readonly string[]> {
  const documents = traces.map(documentOf);
  for (let at = 0; at < documents.length; at += 50) await put(ask, documents.slice(at, at + 50));
  return documents.map((document) => document.trace_id);
}

/** Sends segment documents, at most 50. */
export async function put(ask: Ask, documents: readonly object[]): Promise<void> {
  const TraceSegmentDocuments = documents.map((document) => JSON.stringify(document));
  const response = await ask("/TraceSegments", { method: "POST", body: JSON.stringify({ TraceSegmentDocuments }) });
  expect(await response.json()).toEqual({ UnprocessedTraceSegments: [] });
}

/** A segment as an SDK writes it. */
export function documentOf(sent: Sent) {
  const { secondsAgo = 0, seconds = 0.05, service = "shop", method = "GET", status = 200, exception } = sent;
  const start = Date.now() / 1_000 - secondsAgo - seconds;
  return {
    trace_id: `1-${Math.floor(start).toString(16).padStart(8, "0")}-${hex(24)}`,
    id: hex(16),
    name: service,
    origin: "AWS::ECS::Container",
    start_time: start,
    end_time: start + seconds,
    http: {
      request: { method, url: sent.url ?? "http://shop.test/cart", client_ip: "192.0.2.7", user_agent: "test/1" },
      response: { status },
    },
    ...(status >= 500 ? { fault: true } : status === 429 ? { throttle: true } : status >= 400 ? { error: true } : {}),
    ...(exception ? { cause: { exceptions: [{ id: hex(16), ...exception }] } } : {}),
    ...(sent.user ? { user: sent.user } : {}),
    annotations: sent.annotations ?? {},
  };
}

function hex(digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(Math.random() * 16).toString(16)).join("");
}
