// The critical path: for each moment of the request, the row that the answer was waiting for. Shortening anything
// else would not have made the request faster.
//
// From the end of the root backwards: what ended last before a moment is what was waited for; before that child began,
// what ended last before its beginning, and so on. A child counts within its parent's time only: what an asynchronous
// call does after its caller went on, nobody waited for.

import type { Seconds } from "../units";
import { reachOf } from "./lambda-waits";
import { childrenOf, type Offset, type Row, type Span } from "./trace";

export interface CriticalPath {
  /** By row: where the path runs in the row itself, not in what it called; latest first. */
  readonly parts: ReadonlyMap<Row, readonly Span[]>;
  /** By row: how long. */
  readonly times: ReadonlyMap<Row, Seconds>;
}

/** Times of two clients that mean the same moment may differ by their last digit. */
const ROUNDING = 1e-6;

export function criticalPath(rows: readonly Row[], root: Row | undefined): CriticalPath {
  const parts = new Map<Row, readonly Span[]>();
  const times = new Map<Row, Seconds>();
  const open: { row: Row; from: number; to: number }[] = [];
  if (root) open.push({ row: root, from: root.start, to: root.end });
  for (let next = open.pop(); next; next = open.pop()) {
    const { row, from, to } = next;
    const own: Span[] = [];
    let cursor = to;
    const waitedFor = [...childrenOf(rows, row)]
      .map((child) => ({
        row: child,
        from: Math.max(reachOf(rows, child), from),
        to: Math.min(child.end, to),
      }))
      .filter((child) => child.to > child.from)
      .sort((one, other) => other.to - one.to || other.from - one.from);
    for (const child of waitedFor) {
      // What was still running when the next one was begun did not hold that one up.
      if (child.to > cursor + ROUNDING) continue;
      if (child.to < cursor) own.push({ from: child.to as Offset, to: cursor as Offset });
      open.push(child);
      cursor = child.from;
    }
    if (from < cursor) own.push({ from: from as Offset, to: cursor as Offset });
    parts.set(row, own);
    times.set(row, own.reduce((sum, span) => sum + span.to - span.from, 0) as Seconds);
  }
  return { parts, times };
}
