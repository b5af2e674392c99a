// What the numbers of a node or an edge say: its health, how often, how long.

import type { Took, Traffic } from "./graph";
import { OUTCOMES, type Outcome } from "./outcome";
import {
  formatCount,
  formatPercent,
  type PerSecond,
  perSecond,
  type Seconds,
  type Share,
  seconds,
  share,
} from "./units";

export interface Slice {
  readonly outcome: Outcome;
  readonly share: Share;
  /** Where it begins around the ring, as a share of it. */
  readonly from: Share;
}

/** So much of a ring can be seen. */
const LEAST_SLICE = 0.04;

/** The parts of a health ring that there are: shares, but none too small to be seen. */
export function healthOf({ counts, total }: Traffic): readonly Slice[] {
  if (total === 0) return [];
  const parts = OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => ({
    outcome,
    drawn: Math.max(counts[outcome] / total, LEAST_SLICE),
  }));
  const whole = parts.reduce((sum, { drawn }) => sum + drawn, 0);
  let from = 0;
  return parts.map(({ outcome, drawn }) => {
    const slice = { outcome, share: share(drawn / whole), from: share(from) };
    from += slice.share;
    return slice;
  });
}

/** The worst that happened, if anything did. */
export function worstOf({ counts, total }: Traffic): Outcome | undefined {
  return total === 0 ? undefined : OUTCOMES.findLast((outcome) => counts[outcome] > 0);
}

/** What an outcome is called where it is counted: `1 fault`, `2 errors`. */
export function outcomeWord(outcome: Outcome, count: number): string {
  return outcome === "ok" || count === 1 ? outcome : `${outcome}s`;
}

/** The failures in words, the worst first: `2 faults (4%), 1 throttle (2%)`; nothing when there are none. */
export function failuresOf({ counts, total }: Traffic): string {
  return OUTCOMES.filter((outcome) => outcome !== "ok" && counts[outcome] > 0)
    .reverse()
    .map((outcome) => {
      const percent = formatPercent(share(counts[outcome] / total));
      return `${formatCount(counts[outcome])} ${outcomeWord(outcome, counts[outcome])} (${percent})`;
    })
    .join(", ");
}

/** Health in words: `12 requests, all ok`, `1 request, 1 fault (100%)`. */
export function healthText(traffic: Traffic): string {
  if (traffic.total === 0) return "no finished requests";
  const requests = `${formatCount(traffic.total)} ${traffic.total === 1 ? "request" : "requests"}`;
  return `${requests}, ${failuresOf(traffic) || "all ok"}`;
}

/** Whether response times are known: a call without a subsegment of its own is not timed. */
export function isTimed(traffic: Traffic): boolean {
  return traffic.total > 0 && (traffic.totalTime > 0 || traffic.histogram.some((took) => took.time > 0));
}

export function averageOf(traffic: Traffic): Seconds | undefined {
  return isTimed(traffic) ? seconds(traffic.totalTime / traffic.total) : undefined;
}

/** The response time that `part` of the requests did not exceed, by nearest rank; `part` is 0 to 1. */
export function percentileOf(histogram: readonly Took[], part: number): Seconds | undefined {
  const total = histogram.reduce((sum, took) => sum + took.count, 0);
  const rank = Math.max(1, Math.ceil(part * total));
  let reached = 0;
  for (const { time, count } of histogram) {
    reached += count;
    if (reached >= rank) return time;
  }
  return undefined;
}

/** How often, over a window of so many seconds. */
export function rateOf(traffic: Traffic, window: Seconds): PerSecond {
  return perSecond(window > 0 ? traffic.total / window : 0);
}
