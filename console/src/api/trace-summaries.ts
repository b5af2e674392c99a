// The traces of a window that a filter finds, the latest first, page by page.

import { type EpochSeconds, epochSeconds } from "../app/time";
import { getTraceSummaries, type XRayTraceSummary } from "./aws";
import { call } from "./operation";

/** One question spans no more than this, the most that X-Ray answers for. */
export const LONGEST_SECONDS = 6 * 3_600;

/** Where to go on: the end of a part of the window, and the server's token within it. */
export interface SummariesPlace {
  readonly to: EpochSeconds;
  readonly token?: string;
}

export interface SummariesPage {
  readonly summaries: readonly XRayTraceSummary[];
  /** How many traces the server looked at. */
  readonly processed: number;
  /** From when on all is there. */
  readonly coveredFrom: EpochSeconds;
  /** None when the beginning of the window is reached. */
  readonly next: SummariesPlace | undefined;
}

/** A page of the window that begins at `from`, going back in time from `place`. */
export async function summariesPage(
  expression: string,
  from: EpochSeconds,
  { to, token }: SummariesPlace,
  signal: AbortSignal,
): Promise<SummariesPage> {
  const start = epochSeconds(Math.max(from, to - LONGEST_SECONDS));
  const asked = {
    StartTime: start,
    EndTime: to,
    TimeRangeType: "TraceId" as const,
    ...(expression ? { FilterExpression: expression } : {}),
    ...(token === undefined ? {} : { NextToken: token }),
  };
  const answer = await call(getTraceSummaries, asked, signal);
  const { TraceSummaries: summaries = [], TracesProcessedCount: processed = 0, NextToken } = answer;
  if (NextToken) {
    const coveredFrom = epochSeconds(answer.ApproximateTime ?? to);
    return { summaries, processed, coveredFrom, next: { to, token: NextToken } };
  }
  return { summaries, processed, coveredFrom: start, next: start > from ? { to: start } : undefined };
}
