// How long each row was busy by itself: its time less the time that its children cover, overlaps counted once. A function
// whose environment was started for it is busy from that start on.

import type { Seconds } from "../units";
import { reachOf } from "./lambda-waits";
import { childrenOf, type Row } from "./trace";

/** By a row's place. */
export function selfTimes(rows: readonly Row[]): readonly Seconds[] {
  return rows.map((row) => {
    const spans = [...childrenOf(rows, row)].map((child) => ({ from: reachOf(rows, child), to: child.end }));
    let covered = 0;
    const begin = reachOf(rows, row);
    let until: number = begin;
    for (const { from, to } of spans.sort((one, other) => one.from - other.from)) {
      const end = Math.min(to, row.end);
      covered += Math.max(0, end - Math.max(from, until));
      until = Math.max(until, end);
    }
    return Math.max(0, row.end - begin - covered) as Seconds;
  });
}
