// What Lambda's segments say of waiting: the start of an environment (a cold start), and the time before the function
// got its event.
//
// `AWS::Lambda` begins when the invocation is accepted, `AWS::Lambda::Function` below it when the runtime gets the
// event. `Initialization` (`Init` in newer documents, `Restore` from a snapshot) is a part of the function's segment and
// lies before that segment's own start; long before, when the environment had been started in advance.
// `Dwell Time` is what an asynchronous event waited. Source: Lambda developer guide, visualising invocations with X-Ray.

import type { Seconds } from "../units";
import { childrenOf, durationOf, type Offset, type Row, type Span } from "./trace";

export interface Wait extends Span {
  readonly kind: "cold-start" | "queue";
}

export interface LambdaWaits {
  /** By row: the parts of it that were waiting. */
  readonly byRow: ReadonlyMap<Row, readonly Wait[]>;
  /** By row of a function: how long its environment took to start for this request. */
  readonly coldStarts: ReadonlyMap<Row, Seconds>;
  readonly coldStart: Seconds;
  readonly queue: Seconds;
}

const STARTS: ReadonlySet<string> = new Set(["Initialization", "Init", "Restore"]);

/** Lambda's own segment has milliseconds, the function's has microseconds: less than this is no wait. */
const GRAIN = 0.001;

export function lambdaWaits(rows: readonly Row[]): LambdaWaits {
  const byRow = new Map<Row, readonly Wait[]>();
  const coldStarts = new Map<Row, Seconds>();
  for (const row of rows) {
    if (row.kind === "inferred") continue;
    if (isDwell(rows, row)) byRow.set(row, [{ kind: "queue", from: row.start, to: row.end }]);
    if (row.entity.origin !== "AWS::Lambda::Function") continue;
    const host = row.parent === undefined ? undefined : rows[row.parent];
    const init = startOf(rows, row);
    const began = init && (!host || init.start >= host.start - GRAIN) ? init : undefined;
    if (began) {
      byRow.set(began, [{ kind: "cold-start", from: began.start, to: began.end }]);
      coldStarts.set(row, durationOf(began));
    }
    if (host && isLambdas(rows, host) && !byRow.has(host)) byRow.set(host, waitsBefore(host, row, began));
  }
  // The start counts once, at its own row; its caller's bar only shows it again.
  let [coldStart, queue] = [0, 0];
  for (const took of coldStarts.values()) coldStart += took;
  for (const waits of byRow.values()) {
    for (const wait of waits) if (wait.kind === "queue") queue += wait.to - wait.from;
  }
  return { byRow, coldStarts, coldStart: coldStart as Seconds, queue: queue as Seconds };
}

/**
 * From when on a row takes its caller's time: a function whose environment was started for it, from that start on.
 */
export function reachOf(rows: readonly Row[], row: Row): Offset {
  if (row.entity.origin !== "AWS::Lambda::Function") return row.start;
  const host = row.parent === undefined ? undefined : rows[row.parent];
  const init = startOf(rows, row);
  const counts = init && (!host || init.start >= host.start - GRAIN);
  return counts ? (Math.min(row.start, init.start) as Offset) : row.start;
}

function startOf(rows: readonly Row[], row: Row): Row | undefined {
  for (const child of childrenOf(rows, row)) {
    if (child.kind === "subsegment" && STARTS.has(child.entity.name)) return child;
  }
  return undefined;
}

/** `AWS::Lambda`, or an attempt in it. */
function isLambdas(rows: readonly Row[], row: Row): boolean {
  return rows[row.segment]?.entity.origin === "AWS::Lambda";
}

function isDwell(rows: readonly Row[], row: Row): boolean {
  return row.kind === "subsegment" && row.entity.name === "Dwell Time" && isLambdas(rows, row);
}

/** What went by in `host` before the function got its event: its environment's start, and waiting around that. */
function waitsBefore(host: Row, called: Row, init: Row | undefined): Wait[] {
  const spans: Wait[] = init
    ? [
        { kind: "queue", from: host.start, to: init.start },
        { kind: "cold-start", from: init.start, to: init.end },
        { kind: "queue", from: init.end, to: called.start },
      ]
    : [{ kind: "queue", from: host.start, to: called.start }];
  return spans.filter((span) => span.to - span.from >= GRAIN);
}
