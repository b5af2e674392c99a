// Bins of charts: bounds that people can read, and how many requests fall between them.

import { NO_COUNTS, type Outcome, type OutcomeCounts, totalOf } from "./outcome";

export interface Bin {
  /** Included. */
  readonly from: number;
  /** Not included, but in the last bin. */
  readonly to: number;
  readonly counts: OutcomeCounts;
  /** Those of which nobody told how they ended. */
  readonly untold: number;
}

export interface Sample {
  readonly value: number;
  /** Absent where only the value is known, as in the histograms of a service graph. */
  readonly outcome?: Outcome;
  /** How many it stands for; 1 unless said. */
  readonly count?: number;
}

export type Scale = "log" | "linear";

/** Preferred numbers between 1 and 10 (ISO 3), in steps that are even on a logarithmic axis. */
const PREFERRED: readonly (readonly number[])[] = [
  [1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8, 3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9],
  [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8],
  [1, 1.6, 2.5, 4, 6.3],
  [1, 3.15],
  [1],
];

/** Steps of time on an axis, in seconds. */
const TIME_STEPS: readonly number[] = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
  172_800, 604_800,
];

/** The least that a logarithmic axis shows: what took no time at all counts as this. */
const LEAST = 1e-4;

/** Bounds of at most `most` bins over these values, ascending; empty for no values. */
export function boundsOver(values: readonly number[], scale: Scale, most: number): readonly number[] {
  const [least, greatest] = extentOf(values);
  if (least === undefined || greatest === undefined) return [];
  return scale === "log"
    ? logBounds(Math.max(least, LEAST), Math.max(greatest, LEAST), most)
    : linearBounds(greatest, most);
}

function logBounds(least: number, greatest: number, most: number): readonly number[] {
  for (const series of PREFERRED) {
    const bounds: number[] = [];
    const last = Math.ceil(Math.log10(greatest)) + 1;
    for (let decade = Math.floor(Math.log10(least)) - 1; decade <= last; decade += 1) {
      for (const number of series) bounds.push(Number(`${number}e${decade}`));
    }
    const first = bounds.findLastIndex((bound) => bound <= least);
    const end = bounds.findIndex((bound) => bound > greatest);
    if (end - first <= most || series.length === 1) return bounds.slice(first, end + 1);
  }
  return [];
}

function linearBounds(greatest: number, most: number): readonly number[] {
  const step = stepOf(Math.max(greatest, LEAST) / most);
  const bounds: number[] = [];
  for (let index = 0; index === 0 || (bounds.at(-1) ?? 0) <= greatest; index += 1) bounds.push(rounded(index * step));
  return bounds;
}

/** The least of 1, 2 and 5 times a power of ten that is at least this. */
export function stepOf(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  const factor = [1, 2, 5, 10].find((one) => one * power >= atLeast * (1 - 1e-9)) ?? 10;
  return rounded(factor * power);
}

/** The step of time, in seconds, that gives at most `most` steps in a span. */
export function timeStepOf(span: number, most: number): number {
  return TIME_STEPS.find((step) => span / step <= most) ?? stepOf(span / most);
}

/** Bounds of at most `most + 2` bins over a span of time, at round times; the first and last may reach beyond it. */
export function timeBounds(from: number, to: number, most: number): readonly number[] {
  const step = timeStepOf(to - from, most);
  const first = Math.floor(from / step);
  const last = Math.max(Math.ceil(to / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, index) => rounded((first + index) * step));
}

/** How many samples fall between each two bounds; what is beyond the ends does not count. */
export function binned(samples: Iterable<Sample>, bounds: readonly number[]): readonly Bin[] {
  const filled = bounds.slice(1).map((to, index) => {
    const counts: Record<Outcome, number> = { ...NO_COUNTS };
    return { from: bounds[index] ?? 0, to, counts, untold: 0 };
  });
  for (const { value, outcome, count = 1 } of samples) {
    const bin = filled[binAt(bounds, value)];
    if (!bin) continue;
    if (outcome) bin.counts[outcome] += count;
    else bin.untold += count;
  }
  return filled;
}

/** How many are in a bin. */
export function countIn(bin: Bin): number {
  return totalOf(bin.counts) + bin.untold;
}

/** Which bin a value is in; -1 for none. On a logarithmic axis what is less than all of it is in its first. */
function binAt(bounds: readonly number[], value: number): number {
  const [first, last] = [bounds[0], bounds.at(-1)];
  if (first === undefined || last === undefined || value > last) return -1;
  if (value < first) return value < LEAST && first <= LEAST ? 0 : -1;
  if (value === last) return bounds.length - 2;
  let [low, high] = [0, bounds.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** The values that these shares of all do not exceed, in the order asked; empty for no samples. */
export function quantilesOf(samples: readonly Sample[], shares: readonly number[]): readonly number[] {
  const ascending = [...samples].sort((one, other) => one.value - other.value);
  const total = ascending.reduce((sum, { count = 1 }) => sum + count, 0);
  return shares.flatMap((share) => {
    let passed = 0;
    const found = ascending.find(({ count = 1 }) => {
      passed += count;
      return passed >= share * total;
    });
    return found ? [found.value] : [];
  });
}

function extentOf(values: readonly number[]): readonly [number?, number?] {
  if (values.length === 0) return [];
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return [least, greatest];
}

/** Without the dust of binary fractions. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
