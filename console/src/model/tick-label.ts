// What is written below an axis of time.

const CLOCK = { hour: "2-digit", minute: "2-digit" } as const;
const MINUTE = new Intl.DateTimeFormat("en-GB", CLOCK);
const SECOND = new Intl.DateTimeFormat("en-GB", { ...CLOCK, second: "2-digit" });
const TENTH = new Intl.DateTimeFormat("en-GB", { ...CLOCK, second: "2-digit", fractionalSecondDigits: 1 });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** A moment, in seconds since the epoch, on an axis whose ticks are `step` seconds apart: no finer than that. */
export function tickLabel(at: number, step: number): string {
  const moment = at * 1_000;
  if (step >= 86_400) return DAY.format(moment);
  if (step < 1) return TENTH.format(moment);
  if (step < 60) return SECOND.format(moment);
  const time = MINUTE.format(moment);
  return time === "00:00" ? DAY.format(moment) : time;
}
