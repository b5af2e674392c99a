// How often rules fit and sample now: the server counts, and what changed between two looks at its counters is a rate.

import { type EpochSeconds, type PerSecond, perSecond, type Share, shareOf } from "./units";

/** What a rule did since it was made, or the server started. */
export interface RuleCounts {
  readonly requests: number;
  readonly sampled: number;
  readonly borrowed: number;
}

/** One look at the counters of all rules, by name. */
export interface Snapshot {
  readonly at: EpochSeconds;
  readonly counts: Readonly<Record<string, RuleCounts>>;
}

export interface Rates {
  readonly requests: PerSecond;
  readonly sampled: PerSecond;
  readonly borrowed: PerSecond;
  /** Of the requests, those sampled; nothing when there were none. */
  readonly share: Share | undefined;
}

/** What happened between two looks. */
export interface TrendColumn {
  readonly from: EpochSeconds;
  readonly requests: PerSecond;
  readonly sampled: PerSecond;
}

/** For how long looks are kept, and over how long a rate is told. */
const KEPT_SECONDS = 120;
const RATE_SECONDS = 10;

/** The looks that are kept once there is a new one. */
export function remembered(history: readonly Snapshot[], next: Snapshot): Snapshot[] {
  const kept = history.filter(({ at }) => at < next.at && at >= next.at - KEPT_SECONDS);
  return [...kept, next];
}

/** How often the rule fits and samples now; nothing until there were two looks at it. */
export function ratesNow(history: readonly Snapshot[], rule: string): Rates | undefined {
  const steps = stepsOf(history, rule);
  const last = history.at(-1);
  const recent = steps.filter(({ from }) => last && from.at >= last.at - RATE_SECONDS - 1);
  const [first, end] = [recent[0], recent.at(-1)];
  if (!first || !end) return undefined;
  const sum = (of: keyof RuleCounts) => recent.reduce((total, step) => total + step.change[of], 0);
  const over = end.to.at - first.from.at;
  const [requests, sampled] = [sum("requests"), sum("sampled")];
  return {
    requests: perSecond(requests / over),
    sampled: perSecond(sampled / over),
    borrowed: perSecond(sum("borrowed") / over),
    share: shareOf(sampled, requests),
  };
}

/** What the rule did between one look and the next, oldest first. */
export function trendOf(history: readonly Snapshot[], rule: string): TrendColumn[] {
  return stepsOf(history, rule).map(({ from, to, change }) => ({
    from: from.at,
    requests: perSecond(change.requests / (to.at - from.at)),
    sampled: perSecond(change.sampled / (to.at - from.at)),
  }));
}

interface Step {
  readonly from: Snapshot;
  readonly to: Snapshot;
  readonly change: RuleCounts;
}

function stepsOf(history: readonly Snapshot[], rule: string): Step[] {
  const steps: Step[] = [];
  for (const [place, to] of history.entries()) {
    const from = history[place - 1];
    const [before, after] = [from?.counts[rule], to.counts[rule]];
    if (!from || !before || !after) continue;
    // Counters that went back began anew: the rule was made again, or the server started again.
    const began = after.requests < before.requests;
    const since = (of: keyof RuleCounts) => (began ? after[of] : Math.max(0, after[of] - before[of]));
    steps.push({
      from,
      to,
      change: { requests: since("requests"), sampled: since("sampled"), borrowed: since("borrowed") },
    });
  }
  return steps;
}
