// How long each row was busy by itself: its time less the time that its children cover, overlaps counted once.

import type { Seconds } from "../units";
import { reachOf } from "./lambda-waits";
import { childrenOf, durationOf, type Row } from "./trace";

/** By a row's place. */
export function selfTimes(rows: readonly Row[]): readonly Seconds[] {
  return rows.map((row) => {
    const spans = [...childrenOf(rows, row)].map((child) => ({ from: reachOf(rows, child), to: child.end }));
    let covered = 0;
    let until: number = row.start;
    for (const { from, to } of spans.sort((one, other) => one.from - other.from)) {
      const end = Math.min(to, row.end);
      covered += Math.max(0, end - Math.max(from, until));
      until = Math.max(until, end);
    }
    return Math.max(0, durationOf(row) - covered) as Seconds;
  });
}
