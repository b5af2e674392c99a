// Which time a page is about. It lives in the URL: `since=15m` moves along with the clock, `from` and `to` (seconds
// since the epoch) stand still.

import { type EpochSeconds, epochSeconds } from "../model/units";

export { type EpochSeconds, epochSeconds };

export function now(): EpochSeconds {
  return epochSeconds(Date.now() / 1000);
}

/** The part of a page's search that says its time. Nothing of it: the page's default. */
export interface TimeSearch {
  since?: string;
  from?: number;
  to?: number;
}

export interface Window {
  readonly from: EpochSeconds;
  readonly to: EpochSeconds;
}

export const DEFAULT_SINCE = "15m";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** How many seconds `15m` are; undefined for what is no duration. */
export function secondsOf(duration: string): number | undefined {
  const found = /^(\d{1,6})([smhd])$/.exec(duration);
  const unit = found && UNITS[found[2] ?? ""];
  return unit ? Number(found[1]) * unit : undefined;
}

/** Takes from a URL's search what says a time, and leaves what does not. */
export function readTime(search: Record<string, unknown>): TimeSearch {
  const { since, from, to } = search;
  if (typeof from === "number" && typeof to === "number" && from < to) return { from, to };
  if (typeof since === "string" && secondsOf(since)) return { since };
  return {};
}

/** The time alone of a page's search, for links to other pages. */
export function timeOf({ since, from, to }: TimeSearch): TimeSearch {
  if (from !== undefined && to !== undefined) return { from, to };
  return since === undefined ? {} : { since };
}

/** The window that a search means at this moment. */
export function windowOf(search: TimeSearch, at: EpochSeconds = now()): Window {
  if (search.from !== undefined && search.to !== undefined) {
    return { from: epochSeconds(search.from), to: epochSeconds(search.to) };
  }
  const seconds = secondsOf(search.since ?? DEFAULT_SINCE) ?? 900;
  return { from: epochSeconds(at - seconds), to: at };
}

/** The same for a graph. One that moves along, of a quarter of an hour or more, goes without the part of a minute that it begins
 * with: the server keeps graphs of minutes, and makes those of parts of a minute anew for each question. */
export function graphWindowOf(search: TimeSearch, at: EpochSeconds = now()): Window {
  const { from, to } = windowOf(search, at);
  const begins = isLive(search) && to - from >= 900 ? Math.ceil(from / 60) * 60 : from;
  return { from: epochSeconds(begins), to };
}

/** Whether new traces may still come into this window. */
export function isLive(search: TimeSearch): boolean {
  return search.to === undefined;
}
