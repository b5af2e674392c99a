// A part of a trace's time that is looked at more closely, and the marks of a ruler along it.

import { formatDuration, type Seconds, seconds } from "../units";
import type { Offset, Span } from "./trace";

/** Nothing shorter is looked at: times in documents are no finer. */
const SHORTEST = 1e-6;

export function wholeOf(duration: Seconds): Span {
  return { from: 0 as Offset, to: Math.max(duration, SHORTEST) as Offset };
}

/** The part within the whole, whichever end comes first; undefined when nothing is left of it. */
export function sliceOf(one: number, other: number, whole: Span): Span | undefined {
  const from = Math.max(whole.from, Math.min(one, other));
  const to = Math.min(whole.to, Math.max(one, other));
  return to - from >= SHORTEST ? { from: from as Offset, to: to as Offset } : undefined;
}

/** Closer (below 1) or further away around the middle, or around a point of it. */
export function zoomed(slice: Span, whole: Span, factor: number, around?: Offset): Span {
  const middle = around ?? (slice.from + slice.to) / 2;
  const length = Math.min(whole.to - whole.from, Math.max(SHORTEST, (slice.to - slice.from) * factor));
  const share = (middle - slice.from) / (slice.to - slice.from);
  const from = Math.max(whole.from, Math.min(whole.to - length, middle - length * share));
  return { from: from as Offset, to: (from + length) as Offset };
}

/** `0.25-0.5`, in seconds since the trace began, as the URL has it. */
export function sliceText(slice: Span): string {
  const text = (offset: number) => String(Number(offset.toFixed(6)));
  return `${text(slice.from)}-${text(slice.to)}`;
}

export function readSlice(text: string): Span | undefined {
  const found = /^(\d{1,9}(?:\.\d{1,9})?)-(\d{1,9}(?:\.\d{1,9})?)$/.exec(text);
  if (!found) return undefined;
  const [from, to] = [Number(found[1]), Number(found[2])];
  return to - from >= SHORTEST ? { from: from as Offset, to: to as Offset } : undefined;
}

export interface Tick {
  readonly at: Offset;
  readonly text: string;
}

/** Round offsets within a slice, about `most` of them, each with as many digits as tell it from the next. */
export function ticks(slice: Span, most: number): Tick[] {
  const step = roundStep((slice.to - slice.from) / Math.max(1, most));
  const marks: Tick[] = [];
  // By number, not by adding up: sums of fractions drift.
  for (let number = Math.ceil(slice.from / step - 1e-9); number * step <= slice.to * (1 + 1e-9); number += 1) {
    const at = (number * step) as Offset;
    marks.push({ at, text: tickText(at, step, slice.to) });
  }
  return marks;
}

function tickText(at: number, step: number, greatest: number): string {
  if (at === 0) return "0";
  if (step >= 1) return formatDuration(seconds(at));
  const [unit, factor] =
    greatest >= 1 ? (["s", 1] as const) : greatest >= 1e-3 ? (["ms", 1e3] as const) : (["µs", 1e6] as const);
  const digits = Math.max(0, -Math.floor(Math.log10(step * factor) + 1e-9));
  return `${(at * factor).toFixed(digits)} ${unit}`;
}

/** The next of 1, 2, 5, 10, … that is not less. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}
