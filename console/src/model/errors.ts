// What failed, by exception and by the path of services and subsegments that leads to it. Told from trace summaries;
// stacks are in the traces themselves.

import type { XRayErrorRootCause, XRayFaultRootCause, XRayServiceId, XRayTraceSummary } from "../api/aws";
import { groupBy } from "./collect";
import { type Outcome, outcomeOf } from "./outcome";
import { exceptionOf } from "./root-cause";
import { type EpochSeconds, epochSeconds, type Seconds, seconds } from "./units";

export type ErrorKind = "fault" | "error" | "throttle";

export const ERROR_KINDS: readonly ErrorKind[] = ["fault", "error", "throttle"];

export interface PathEntity {
  readonly name: string;
  /** A call to the next service. */
  readonly isCall: boolean;
  readonly exceptions: readonly Exception[];
}

export interface PathService {
  readonly name: string;
  readonly type: string | undefined;
  /** It is silent, and known from its caller only. */
  readonly isInferred: boolean;
  /** From its own segment down to the call of the next service, or to what failed. */
  readonly entities: readonly PathEntity[];
}

export interface Exception {
  readonly name: string | undefined;
  readonly message: string | undefined;
}

export interface FailedTrace {
  readonly id: string;
  readonly at: EpochSeconds;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly status: number | undefined;
  readonly responseTime: Seconds | undefined;
  /** How its root ended; ok where somebody got over the failure. */
  readonly outcome: Outcome;
  readonly message: string | undefined;
}

/** Traces that failed the same way. */
export interface FailureGroup {
  /** Names it in a URL. */
  readonly id: string;
  readonly kind: ErrorKind;
  /** Whoever called got over it: the client did not see it. */
  readonly isHandled: boolean;
  /** The exception; its message as far as all have it in common, see `messagePattern`. */
  readonly exception: Exception | undefined;
  /** From the service that was called first to the cause; of a failure without exception, that service alone. */
  readonly path: readonly PathService[];
  /** Among which root causes the path is told, and whether it reaches to the client there; none of a failure without. */
  readonly rootCause: RootCause | undefined;
  /** The answer's status, of a failure without exception. */
  readonly status: number | undefined;
  /** The messages that there are, the most frequent first. */
  readonly messages: readonly { readonly text: string; readonly count: number }[];
  /** The latest first. */
  readonly traces: readonly FailedTrace[];
  readonly firstSeen: EpochSeconds;
  readonly lastSeen: EpochSeconds;
}

interface RootCause {
  readonly of: "fault" | "error";
  readonly isClientImpacting: boolean;
}

interface Failure {
  readonly kind: ErrorKind;
  readonly isHandled: boolean;
  readonly exception: Exception | undefined;
  readonly path: readonly PathService[];
  readonly rootCause: RootCause | undefined;
  readonly status: number | undefined;
  readonly trace: FailedTrace;
}

/** The failures of these traces in groups, the greatest first. */
export function failureGroups(summaries: readonly XRayTraceSummary[], withHandled: boolean): readonly FailureGroup[] {
  const failures = summaries.flatMap((summary) => failuresOf(summary, withHandled));
  const groups = [...groupBy(failures, likeness)].map(([like, all]) => groupOf(like, all));
  return groups.sort((a, b) => b.traces.length - a.traces.length || b.lastSeen - a.lastSeen);
}

/** A message without what differs from request to request: ids and numbers are `*`. */
export function messagePattern(message: string): string {
  return message.replace(VARIABLE, "*");
}

/** What the failures of a group are called. */
export function titleOf({ exception, path, status, kind }: FailureGroup): string {
  if (exception) return exception.name ?? "Exception without a type";
  const last = path.at(-1);
  if (last?.isInferred) return `Call to ${last.name} failed`;
  return status === undefined ? NAMELESS[kind] : `HTTP ${status}`;
}

/** The groups of these kinds, all when undefined, that have every word of the text in what is told of them. */
export function fitting(
  groups: readonly FailureGroup[],
  kinds: readonly ErrorKind[] | undefined,
  text = "",
): readonly FailureGroup[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return groups.filter((group) => {
    if (kinds && !kinds.includes(group.kind)) return false;
    const path = group.path.flatMap(({ name, entities }) => [name, ...entities.map((entity) => entity.name)]);
    const told = [titleOf(group), ...group.messages.map((message) => message.text), ...path].join("\n").toLowerCase();
    return words.every((word) => told.includes(word));
  });
}

/** How many there were in each of so many equal parts of a time. */
export function countsOverTime(
  traces: readonly FailedTrace[],
  window: { readonly from: EpochSeconds; readonly to: EpochSeconds },
  parts: number,
): readonly number[] {
  const counts = new Array<number>(parts).fill(0);
  for (const { at } of traces) {
    const part = Math.floor(((at - window.from) / (window.to - window.from)) * parts);
    const within = Math.min(Math.max(part, 0), parts - 1);
    counts[within] = (counts[within] ?? 0) + 1;
  }
  return counts;
}

const VARIABLE =
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|\d+(?:[.,:]\d+)*/gi;

const NAMELESS: Readonly<Record<ErrorKind, string>> = {
  fault: "Fault without an exception",
  error: "Error without an exception",
  throttle: "Throttled",
};

function failuresOf(summary: XRayTraceSummary, withHandled: boolean): readonly Failure[] {
  const kind = kindOf(summary);
  const faults = (summary.FaultRootCauses ?? []).map((cause) => causeOf("fault", cause));
  const errors = (summary.ErrorRootCauses ?? []).map((cause) => causeOf("error", cause));
  const causes = kind === "fault" ? [...faults, ...errors] : [...errors, ...faults];
  // What leads to the client; else what failed below, as a function does behind a Lambda service that went well.
  const main = kind && (causes.find((cause) => cause.rootCause?.isClientImpacting) ?? causes[0]);
  const found: Cause[] = kind ? [{ ...(main ?? withoutCause(summary)), kind }] : [];
  // A root that is flagged as more than one has the same path among its faults and among its errors.
  const told = new Set([JSON.stringify(main?.path)]);
  for (const cause of causes) {
    if (cause === main) continue;
    const path = JSON.stringify(cause.path);
    if (kind && cause.rootCause?.isClientImpacting) {
      if (!told.has(path)) found.push({ ...cause, kind });
      told.add(path);
    } else if (withHandled) found.push({ ...cause, isHandled: true });
  }
  return found.map((failure) => ({ ...failure, trace: traceOf(summary, failure.exception) }));
}

function kindOf(summary: XRayTraceSummary): ErrorKind | undefined {
  const outcome = outcomeOf(summary);
  return outcome === "ok" ? undefined : outcome;
}

type Cause = Omit<Failure, "trace">;

function causeOf(of: RootCause["of"], cause: XRayFaultRootCause | XRayErrorRootCause): Cause {
  const path = (cause.Services ?? []).map((service) => ({
    name: service.Name ?? "",
    type: service.Type ?? undefined,
    isInferred: service.Inferred === true,
    entities: (service.EntityPath ?? []).map((entity) => ({
      name: entity.Name ?? "",
      isCall: entity.Remote === true,
      exceptions: (entity.Exceptions ?? []).map((exception) => ({
        name: exception.Name ?? undefined,
        message: exception.Message ?? undefined,
      })),
    })),
  }));
  const exception = exceptionOf(path.flatMap(({ entities }) => entities.map(({ exceptions }) => exceptions)));
  const rootCause = { of, isClientImpacting: cause.ClientImpacting === true };
  return { kind: of, isHandled: false, exception, path, rootCause, status: undefined };
}

function withoutCause(summary: XRayTraceSummary): Omit<Cause, "kind"> {
  const path = summary.EntryPoint ? [entry(summary.EntryPoint)] : [];
  const status = summary.Http?.HttpStatus ?? undefined;
  return { isHandled: false, exception: undefined, path, rootCause: undefined, status };
}

function entry(service: XRayServiceId): PathService {
  return { name: service.Name ?? "", type: service.Type ?? undefined, isInferred: false, entities: [] };
}

function traceOf(summary: XRayTraceSummary, exception: Exception | undefined): FailedTrace {
  return {
    id: summary.Id ?? "",
    at: epochSeconds(summary.StartTime ?? 0),
    method: summary.Http?.HttpMethod ?? undefined,
    url: summary.Http?.HttpURL ?? undefined,
    status: summary.Http?.HttpStatus ?? undefined,
    responseTime: summary.ResponseTime == null ? undefined : seconds(summary.ResponseTime),
    outcome: kindOf(summary) ?? "ok",
    message: exception?.message,
  };
}

/** What failures of one group have in common. */
function likeness({ kind, isHandled, exception, path, rootCause, status }: Failure): string {
  const steps = path.map(({ name, type, entities }) => [name, type ?? null, entities.map((entity) => entity.name)]);
  const pattern = exception?.message === undefined ? null : messagePattern(exception.message);
  return JSON.stringify([kind, isHandled, rootCause ?? null, exception?.name ?? null, pattern, status ?? null, steps]);
}

function groupOf(like: string, all: readonly Failure[]): FailureGroup {
  const [first] = all;
  if (!first) throw new RangeError("a group has failures");
  const traces = all.map((failure) => failure.trace).sort((a, b) => b.at - a.at);
  const texts = traces.flatMap(({ message }) => (message === undefined ? [] : [message]));
  const messages = [...groupBy(texts, (text) => text)]
    .map(([text, same]) => ({ text, count: same.length }))
    .sort((a, b) => b.count - a.count);
  const [message, another] = messages;
  const common = message && another ? messagePattern(message.text) : message?.text;
  const { kind, isHandled, exception, path, rootCause, status } = first;
  return {
    id: hash(like),
    kind,
    isHandled,
    exception: exception && { name: exception.name, message: common },
    path,
    rootCause,
    status,
    messages,
    traces,
    firstSeen: traces.at(-1)?.at ?? epochSeconds(0),
    lastSeen: traces[0]?.at ?? epochSeconds(0),
  };
}

/** FNV-1a, short enough for a URL; two of a page's few groups will hardly share one. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  }
  return value.toString(36);
}
