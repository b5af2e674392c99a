// Quantities with their units, and how the console writes them: the same quantity looks the same on every page.

/** Seconds since the Unix epoch, as X-Ray has them on the wire; a fraction is allowed. */
export type EpochSeconds = number & { readonly unit: "epoch seconds" };

/** How long something took, in seconds. */
export type Seconds = number & { readonly unit: "seconds" };

/** How often something happens in a second. */
export type PerSecond = number & { readonly unit: "per second" };

/** A part of a whole: 1 is all of it. */
export type Share = number & { readonly unit: "share" };

/** What a place shows whose value is not known. */
export const UNKNOWN = "–";

export function epochSeconds(value: number): EpochSeconds {
  return value as EpochSeconds;
}

export function seconds(value: number): Seconds {
  return value as Seconds;
}

export function milliseconds(value: number): Seconds {
  return (value / 1e3) as Seconds;
}

export function perSecond(value: number): PerSecond {
  return value as PerSecond;
}

/** `part` of `whole`; of nothing there is no share. */
export function shareOf(part: number, whole: number): Share | undefined {
  return whole > 0 ? ((part / whole) as Share) : undefined;
}

export function share(value: number): Share {
  return value as Share;
}

/** `340 µs`, `4.4 ms`, `1.23 s`, `2 min 5 s`, `3 h 20 min`, `2 d 4 h`. */
export function formatDuration(value: Seconds | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN;
  if (value < 0) return `−${formatDuration(seconds(-value))}`;
  if (value === 0) return "0 ms";
  // A boundary lies where the next unit would be written, so that nothing reads `1000 µs`.
  if (value < 0.0009995) return `${significant(value * 1e6)} µs`;
  if (value < 0.9995) return `${significant(value * 1e3)} ms`;
  if (value < 59.95) return `${significant(value)} s`;
  const whole = Math.round(value);
  if (whole < 3600) return pair(whole, 60, "min", "s");
  const minutes = Math.round(value / 60);
  if (minutes < 1440) return pair(minutes, 60, "h", "min");
  return pair(Math.round(value / 3600), 24, "d", "h");
}

/** How long ago that was: `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function formatAge(at: EpochSeconds | undefined, now: EpochSeconds): string {
  if (at === undefined) return UNKNOWN;
  const age = now - at;
  // Clocks differ a little: what is a moment ahead is now.
  if (age < 1) return age > -60 ? "just now" : `in ${coarse(-age)}`;
  return `${coarse(age)} ago`;
}

/** `1,234,567`. */
export function formatCount(value: number | undefined): string {
  return value === undefined ? UNKNOWN : COUNT.format(value);
}

/** `1 trace`, `1,204 traces`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}

/** A count where there is little room: `950`, `12.3k`, `4.5M`. */
export function formatCompactCount(value: number | undefined): string {
  return value === undefined ? UNKNOWN : COMPACT.format(value).toLowerCase().replace("m", "M").replace("b", "G");
}

/** `8.5/s`; what is rarer than one in ten seconds by the minute or by the hour: `3/min`, `2/h`. */
export function formatRate(value: PerSecond | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN;
  if (value === 0) return "0/s";
  if (value >= 0.1) return `${grouped(value)}/s`;
  if (value * 60 >= 0.1) return `${grouped(value * 60)}/min`;
  return `${grouped(value * 3600)}/h`;
}

/** `5%`, `99.95%`; only nothing is `0%`, only everything `100%`. */
export function formatPercent(value: Share | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const percent = value * 100;
  if (percent > 0 && percent < 0.01) return "<0.01%";
  if (percent < 100 && percent > 99.99) return ">99.99%";
  const digits = percent < 1 || (percent > 99 && percent < 100) ? 2 : 1;
  return `${Number(percent.toFixed(digits))}%`;
}

/** `820 B`, `1.5 MiB`. */
export function formatBytes(value: number | undefined): string {
  if (value === undefined) return UNKNOWN;
  let left = value;
  for (const unit of ["B", "KiB", "MiB"]) {
    if (left < 1023.5) return `${significant(left)} ${unit}`;
    left /= 1024;
  }
  return `${significant(left)} GiB`;
}

/**
 * The time of the day in the reader's zone, with the date when it is another day than `now`: `14:03:22.123`,
 * `2026-03-01 14:03:22.123`. The milliseconds are left out when `precision` says so.
 */
export function formatTime(
  at: EpochSeconds | undefined,
  now: EpochSeconds,
  precision: "seconds" | "milliseconds" = "milliseconds",
): string {
  if (at === undefined) return UNKNOWN;
  const time = new Date(Math.round(at * 1e3));
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(":");
  const rest = precision === "milliseconds" ? `.${String(time.getMilliseconds()).padStart(3, "0")}` : "";
  const day = dayOf(time);
  return day === dayOf(new Date(now * 1e3)) ? `${clock}${rest}` : `${day} ${clock}${rest}`;
}

const COUNT = new Intl.NumberFormat("en-US");
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

/** At most three digits that say something; more only before the point. */
function significant(value: number): string {
  return String(value >= 99.5 ? Math.round(value) : Number(value.toPrecision(3)));
}

function grouped(value: number): string {
  return value >= 999.5 ? COUNT.format(Math.round(value)) : significant(value);
}

/** An amount of the lesser unit in both: 125 s are `2 min 5 s`. */
function pair(amount: number, factor: number, greater: string, lesser: string): string {
  const rest = amount % factor;
  const whole = `${Math.floor(amount / factor)} ${greater}`;
  return rest > 0 ? `${whole} ${rest} ${lesser}` : whole;
}

function coarse(duration: number): string {
  if (duration < 60) return `${Math.floor(duration)} s`;
  if (duration < 3600) return `${Math.floor(duration / 60)} min`;
  if (duration < 86_400) return `${Math.floor(duration / 3600)} h`;
  return `${Math.floor(duration / 86_400)} d`;
}

function dayOf(time: Date): string {
  return [time.getFullYear(), twoDigits(time.getMonth() + 1), twoDigits(time.getDate())].join("-");
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
