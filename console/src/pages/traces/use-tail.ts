// Live tail: the traces that came or changed since somebody began to look.

import { useEffect, useState } from "react";
import { getTraceSummaries } from "../../api/aws";
import { call } from "../../api/operation";
import { type EpochSeconds, now } from "../../app/time";
import { mergedRows, rowOf, type TraceRow, type WireSummary } from "../../model/trace-row";
import { MOST_TRACES } from "./use-traces";

const EVERY_SECONDS = 1;

/** What came within this time is asked for again: updates count by the second, and clocks differ. */
const OVERLAP_SECONDS = 3;

export interface Tail {
  /** What came since, in no order. */
  readonly rows: readonly TraceRow[];
  readonly error: Error | undefined;
}

const NOTHING: Tail = { rows: [], error: undefined };

/** Follows while `isOn`; what came stays until the question, or the moment since when, is another. */
export function useTail(expression: string, since: EpochSeconds, isOn: boolean): Tail {
  const asked = JSON.stringify([expression, since]);
  const [held, setHeld] = useState({ asked, tail: NOTHING });
  if (held.asked !== asked) setHeld({ asked, tail: NOTHING });
  useEffect(() => {
    if (!isOn) return;
    const stop = new AbortController();
    void follow(expression, since, stop.signal, (tail) =>
      setHeld((before) => (before.asked === asked ? { asked, tail: added(before.tail, tail) } : before)),
    );
    return () => stop.abort();
  }, [expression, since, isOn, asked]);
  return held.asked === asked ? held.tail : NOTHING;
}

/** The same object where nothing is new, so that nothing is drawn anew. */
function added(before: Tail, { rows, error }: Tail): Tail {
  const known = new Map(before.rows.map((row) => [row.id, row.revision]));
  const fresh = rows.filter((row) => known.get(row.id) !== row.revision);
  if (fresh.length === 0 && error === before.error) return before;
  return { rows: fresh.length === 0 ? before.rows : mergedRows(before.rows, fresh).slice(-MOST_TRACES), error };
}

async function follow(
  expression: string,
  since: EpochSeconds,
  signal: AbortSignal,
  onTail: (tail: Tail) => void,
): Promise<void> {
  let from = since;
  while (!signal.aborted) {
    const at = now();
    try {
      onTail({ rows: await changedSince(expression, from, signal), error: undefined });
      from = at;
    } catch (error) {
      if (signal.aborted) return;
      onTail({ rows: [], error: error instanceof Error ? error : new Error(String(error)) });
    }
    await pause(EVERY_SECONDS, signal);
  }
}

async function changedSince(expression: string, from: EpochSeconds, signal: AbortSignal): Promise<readonly TraceRow[]> {
  const rows: TraceRow[] = [];
  let token: string | undefined;
  do {
    const answer = await call(
      getTraceSummaries,
      {
        StartTime: from - OVERLAP_SECONDS,
        EndTime: now() + OVERLAP_SECONDS,
        TimeRangeType: "Event",
        ...(expression ? { FilterExpression: expression } : {}),
        ...(token === undefined ? {} : { NextToken: token }),
      },
      signal,
    );
    rows.push(...((answer.TraceSummaries ?? []) as WireSummary[]).flatMap((summary) => rowOf(summary) ?? []));
    token = answer.NextToken ?? undefined;
  } while (token !== undefined && rows.length < MOST_TRACES);
  return rows;
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1_000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
