// How a request ended, as X-Ray tells it.

/** In the order in which charts stack them, the good at the bottom. */
export const OUTCOMES = ["ok", "error", "throttle", "fault"] as const;

export type Outcome = (typeof OUTCOMES)[number];

export const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  ok: "OK",
  error: "Error",
  throttle: "Throttle",
  fault: "Fault",
};

export interface OutcomeFlags {
  readonly HasFault?: boolean | null;
  readonly HasError?: boolean | null;
  readonly HasThrottle?: boolean | null;
}

/** As statistics count a request that is flagged as more than one: throttled before faulty before in error. */
export function outcomeOf(flags: OutcomeFlags): Outcome {
  if (flags.HasThrottle) return "throttle";
  if (flags.HasFault) return "fault";
  return flags.HasError ? "error" : "ok";
}

export type OutcomeCounts = Readonly<Record<Outcome, number>>;

export const NO_COUNTS: OutcomeCounts = { ok: 0, error: 0, throttle: 0, fault: 0 };

export function totalOf(counts: OutcomeCounts): number {
  return counts.ok + counts.error + counts.throttle + counts.fault;
}

export function sumOf(all: Iterable<OutcomeCounts>): OutcomeCounts {
  const sum = { ...NO_COUNTS };
  for (const counts of all) for (const outcome of OUTCOMES) sum[outcome] += counts[outcome];
  return sum;
}
