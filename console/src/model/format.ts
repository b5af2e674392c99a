// Numbers, spans of time and moments, as people read them.

import type { EpochSeconds } from "../app/time";

/** A span of seconds in three figures: `430 µs`, `1.2 ms`, `340 ms`, `2.5 s`, `4 m 5 s`, `3 h 20 m`. */
export function formatSeconds(span: number): string {
  const size = Math.abs(span);
  if (size === 0) return "0 ms";
  if (size < 0.000_999_5) return `${figures(span * 1e6)} µs`;
  if (size < 0.999_5) return `${figures(span * 1e3)} ms`;
  if (size < 59.95) return `${figures(span)} s`;
  const whole = Math.round(size);
  const sign = span < 0 ? "-" : "";
  if (whole < 3_600) return sign + twoUnits(Math.floor(whole / 60), "m", whole % 60, "s");
  if (whole < 86_400) return sign + twoUnits(Math.floor(whole / 3_600), "h", Math.round((whole % 3_600) / 60), "m");
  return sign + twoUnits(Math.floor(whole / 86_400), "d", Math.round((whole % 86_400) / 3_600), "h");
}

function figures(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

const COUNTS = new Intl.NumberFormat("en-US");

export function formatCount(count: number): string {
  return COUNTS.format(count);
}

/** `1 trace`, `1,204 traces`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

export function formatPercent(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 1) return "<1%";
  return `${percent > 99 && percent < 100 ? 99 : Math.round(percent)}%`;
}

/** How long ago something was: `now`, `12 s ago`, `3 m ago`. */
export function formatAge(at: EpochSeconds, now: EpochSeconds): string {
  const age = Math.round(now - at);
  if (age < 1) return "now";
  if (age < 60) return `${age} s ago`;
  if (age < 3_600) return `${Math.floor(age / 60)} m ago`;
  return age < 86_400 ? `${Math.floor(age / 3_600)} h ago` : `${Math.floor(age / 86_400)} d ago`;
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const TIME_EXACT = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});
const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** The time of day here: `14:03:07`. */
export function formatTime(at: number): string {
  return TIME.format(at * 1_000);
}

/** The time of day here to the millisecond, with the day when that is not today's. */
export function formatMoment(at: EpochSeconds, now: EpochSeconds): string {
  const time = TIME_EXACT.format(at * 1_000);
  return DAY.format(at * 1_000) === DAY.format(now * 1_000) ? time : `${DAY.format(at * 1_000)}, ${time}`;
}

/** A tick on an axis of time whose ticks are `step` seconds apart. */
export function formatTick(at: number, step: number): string {
  if (step >= 86_400) return DAY.format(at * 1_000);
  if (step < 1) return TIME_EXACT.format(at * 1_000).slice(0, -2);
  if (step < 60) return TIME.format(at * 1_000);
  const isMidnight = new Date(at * 1_000).getHours() === 0 && new Date(at * 1_000).getMinutes() === 0;
  return isMidnight ? DAY.format(at * 1_000) : MINUTE.format(at * 1_000);
}
