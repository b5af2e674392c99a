// Segment documents as BatchGetTraces gives them out: what the server has validated has these shapes, what clients may
// fill as they like (`aws`, `metadata`) stays unknown.

import { type LongNumber, parseExact } from "../exact-json";

export type Annotation = string | number | boolean | LongNumber;

/** A segment or a subsegment. */
export interface Entity {
  readonly id: string;
  readonly name: string;
  /** Seconds since the epoch; whatever the client sent, zero and less included. */
  readonly start_time: number;
  readonly end_time?: number;
  readonly in_progress?: boolean;
  readonly trace_id?: string;
  readonly parent_id?: string;
  readonly inferred?: boolean;
  readonly error?: boolean;
  readonly fault?: boolean;
  readonly throttle?: boolean;
  readonly http?: { readonly request?: HttpRequest; readonly response?: HttpResponse };
  readonly aws?: Readonly<Record<string, unknown>>;
  readonly service?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, Annotation>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly namespace?: string;
  readonly origin?: string;
  readonly resource_arn?: string;
  readonly user?: string;
  readonly sql?: Readonly<Record<string, string>>;
  /** Of its own, or the id of an exception that another part of the trace recorded. */
  readonly cause?: Cause | string;
  readonly links?: readonly TraceLink[];
  readonly subsegments?: readonly Entity[];
}

export interface HttpRequest {
  readonly method?: string;
  readonly url?: string;
  readonly user_agent?: string;
  readonly client_ip?: string;
  readonly x_forwarded_for?: boolean;
}

export interface HttpResponse {
  readonly status?: number;
  readonly content_length?: number;
}

export interface Cause {
  readonly working_directory?: string;
  readonly paths?: readonly string[];
  readonly exceptions?: readonly Exception[];
}

export interface Exception {
  readonly id?: string;
  readonly type?: string;
  readonly message?: string;
  /** Thrown by the callee. */
  readonly remote?: boolean;
  /** Frames left out of the stack. */
  readonly truncated?: number;
  /** Exceptions left out between this one and the one that it led to. */
  readonly skipped?: number;
  /** The id of the exception that led to this one. */
  readonly cause?: string;
  readonly stack?: readonly Frame[];
}

export interface Frame {
  readonly path?: string;
  readonly line?: number;
  readonly label?: string;
}

export interface TraceLink {
  readonly trace_id: string;
  readonly id?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** Reads a segment document; undefined for text that is none. */
export function readDocument(text: string): Entity | undefined {
  try {
    const read = parseExact(text);
    return isEntity(read) ? read : undefined;
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands at the end of a path of keys, if every step is there. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if (!isRecord(found)) return undefined;
    found = found[key];
  }
  return found;
}

/** As `at`, for what should be text. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" && found !== "" ? found : undefined;
}

function isEntity(value: unknown): value is Entity {
  if (!isRecord(value)) return false;
  return (
    typeof value["id"] === "string" && typeof value["name"] === "string" && typeof value["start_time"] === "number"
  );
}
