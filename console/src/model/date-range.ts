// A page's time as Cloudscape's date range picker has it, and back.

import type { DateRangePickerProps } from "@cloudscape-design/components/date-range-picker";
import { DEFAULT_SINCE, secondsOf, type TimeSearch } from "../app/time";

type Value = DateRangePickerProps.Value;
type Unit = DateRangePickerProps.TimeUnit;

const UNITS = { s: "second", m: "minute", h: "hour", d: "day" } as const;

/** What is offered without typing. */
export const PRESETS: readonly DateRangePickerProps.RelativeOption[] = [
  { key: "1m", amount: 1, unit: "minute", type: "relative" },
  { key: "5m", amount: 5, unit: "minute", type: "relative" },
  { key: "15m", amount: 15, unit: "minute", type: "relative" },
  { key: "1h", amount: 1, unit: "hour", type: "relative" },
  { key: "3h", amount: 3, unit: "hour", type: "relative" },
  { key: "6h", amount: 6, unit: "hour", type: "relative" },
  { key: "1d", amount: 1, unit: "day", type: "relative" },
  { key: "7d", amount: 7, unit: "day", type: "relative" },
];

export function pickerValueOf(time: TimeSearch): Value {
  if (time.from !== undefined && time.to !== undefined) {
    return { type: "absolute", startDate: isoOf(time.from), endDate: isoOf(time.to) };
  }
  const since = time.since ?? DEFAULT_SINCE;
  const [amount, letter] = [Number.parseInt(since, 10), since.at(-1)];
  const unit = letter === "s" || letter === "m" || letter === "h" || letter === "d" ? UNITS[letter] : "minute";
  return { type: "relative", amount, unit, ...(PRESETS.some(({ key }) => key === since) ? { key: since } : {}) };
}

/** Undefined for what is no span of time, or one of more digits than a time in the URL may have. */
export function timeOf(value: Value): TimeSearch | undefined {
  if (value.type === "absolute") {
    const [from, to] = [Date.parse(value.startDate) / 1_000, Date.parse(value.endDate) / 1_000];
    return from < to ? { from, to } : undefined;
  }
  const since = `${inDays(value.amount, value.unit)}`;
  return secondsOf(since) ? { since } : undefined;
}

/** As the URL has it; what is longer than days, in days. */
function inDays(amount: number, unit: Unit): string {
  switch (unit) {
    case "second":
      return `${amount}s`;
    case "minute":
      return `${amount}m`;
    case "hour":
      return `${amount}h`;
    case "day":
      return `${amount}d`;
    case "week":
      return `${amount * 7}d`;
    case "month":
      return `${amount * 30}d`;
    case "year":
      return `${amount * 365}d`;
  }
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}
