// The traces that come or change from a moment on: told by the server as it happens, and asked for where its telling
// has a gap, before it began and after it fell behind.

import { getTraceSummaries } from "../../api/aws";
import { followTraces } from "../../api/fluoro-api";
import { call } from "../../api/operation";
import { LONGEST_SECONDS } from "../../api/trace-summaries";
import { pause } from "../../app/pause";
import { type EpochSeconds, now } from "../../app/time";
import { rowOf, type TraceRow, type WireSummary } from "../../model/trace-row";
import { MOST_TRACES } from "./use-traces";

/** What is told in this time is handed on together. */
const TOGETHER_MS = 250;

/** After a failure it is tried again. */
const AGAIN_MS = 1_000;

/** What came within this time before a gap is asked for again: updates count by the second, and clocks differ. */
const OVERLAP_SECONDS = 3;

interface Listener {
  readonly onRows: (rows: readonly TraceRow[]) => void;
  /** Why nothing is told; undefined once it goes on. */
  readonly onTrouble: (error: Error | undefined) => void;
}

/** Follows until the signal is aborted, whatever fails. */
export async function follow(
  expression: string,
  since: EpochSeconds,
  signal: AbortSignal,
  { onRows, onTrouble }: Listener,
): Promise<void> {
  const waiting: TraceRow[] = [];
  const timer = setInterval(() => {
    if (waiting.length > 0) onRows(waiting.splice(0));
  }, TOGETHER_MS);
  const told = (rows: readonly TraceRow[]) => void waiting.push(...rows);
  /** Up to when all is known. */
  let known = since;
  while (!signal.aborted) {
    try {
      for await (const until of tellings(expression, known, signal, { onRows: told, onTrouble })) known = until;
    } catch (error) {
      if (!signal.aborted) onTrouble(error instanceof Error ? error : new Error(String(error)));
    }
    await pause(AGAIN_MS, signal);
  }
  clearInterval(timer);
}

/** One connection, with what it has missed. Yields up to when all is known. */
async function* tellings(
  expression: string,
  since: EpochSeconds,
  signal: AbortSignal,
  { onRows, onTrouble }: Listener,
): AsyncGenerator<EpochSeconds> {
  const attempt = new AbortController();
  const either = AbortSignal.any([signal, attempt.signal]);
  let known = since;
  let gaps = 0;
  /** A gap that cannot be filled ends the connection: the next one begins before it. */
  const fill = () => {
    gaps += 1;
    changedSince(expression, known, either).then(
      (rows) => {
        gaps -= 1;
        onTrouble(undefined);
        onRows(rows);
      },
      (error) => attempt.abort(error),
    );
  };
  for await (const news of followTraces(expression, either, fill)) {
    if ("skipped" in news) fill();
    else onRows(rowsOf([news.summary]));
    if (gaps === 0) {
      known = now();
      yield known;
    }
  }
  if (attempt.signal.aborted) throw attempt.signal.reason;
}

async function changedSince(expression: string, from: EpochSeconds, signal: AbortSignal): Promise<readonly TraceRow[]> {
  const rows: TraceRow[] = [];
  // What came before a longer gap than one question may span was missed, and is not waited for.
  const end = now() + OVERLAP_SECONDS;
  const start = Math.max(from - OVERLAP_SECONDS, end - LONGEST_SECONDS);
  let token: string | undefined;
  do {
    const answer = await call(
      getTraceSummaries,
      {
        StartTime: start,
        EndTime: end,
        TimeRangeType: "Event",
        ...(expression ? { FilterExpression: expression } : {}),
        ...(token === undefined ? {} : { NextToken: token }),
      },
      signal,
    );
    rows.push(...rowsOf(answer.TraceSummaries ?? []));
    token = answer.NextToken ?? undefined;
  } while (token !== undefined && rows.length < MOST_TRACES);
  return rows;
}

/** Summaries come with nulls, which their model does not tell. */
function rowsOf(summaries: readonly WireSummary[]): readonly TraceRow[] {
  return summaries.flatMap((summary) => rowOf(summary) ?? []);
}
