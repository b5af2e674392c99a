// The axes of charts: where a value stands, and which values are written below it.

import { type Scale, stepOf, timeStepOf } from "./bins";

export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly scale: Scale;
}

/** Where a value stands on an axis, 0 to 1 within it. */
export function positionOn({ from, to, scale }: Axis, value: number): number {
  if (to <= from) return 0;
  if (scale === "linear") return (value - from) / (to - from);
  return Math.log(Math.max(value, Number.MIN_VALUE) / from) / Math.log(to / from);
}

/** The value that stands there. */
export function valueOn({ from, to, scale }: Axis, position: number): number {
  return scale === "linear" ? from + position * (to - from) : from * (to / from) ** position;
}

/** Values to write on an axis, at most `most`. */
export function ticksOn(axis: Axis, most: number): readonly number[] {
  if (!(axis.to > axis.from)) return [];
  return axis.scale === "log" && axis.from > 0 ? logTicks(axis, most) : linearTicks(axis, most);
}

function linearTicks({ from, to }: Axis, most: number): readonly number[] {
  return multiplesOf(stepOf((to - from) / Math.max(most, 1)), from, to);
}

function logTicks({ from, to, scale }: Axis, most: number): readonly number[] {
  for (const factors of [[1, 2, 5], [1, 3], [1]]) {
    const ticks: number[] = [];
    for (let decade = Math.floor(Math.log10(from)); decade <= Math.ceil(Math.log10(to)); decade += 1) {
      for (const factor of factors) ticks.push(Number(`${factor}e${decade}`));
    }
    const within = ticks.filter((tick) => tick >= from * (1 - 1e-9) && tick <= to * (1 + 1e-9));
    if (within.length <= most && within.length > 1) return within;
  }
  return to / from > 10 ? powersOn(from, to, most) : linearTicks({ from, to, scale }, most);
}

function powersOn(from: number, to: number, most: number): readonly number[] {
  const [first, last] = [Math.ceil(Math.log10(from)), Math.floor(Math.log10(to))];
  const every = Math.max(1, Math.ceil((last - first + 1) / Math.max(most, 1)));
  const ticks: number[] = [];
  for (let decade = first; decade <= last; decade += every) ticks.push(Number(`1e${decade}`));
  return ticks;
}

/** Round times within a span, in seconds since the epoch, as the clock on the wall has them. */
export function timeTicks(from: number, to: number, most: number): readonly number[] {
  const step = timeStepOf(to - from, most);
  // Steps of hours and days begin at midnight here, not in Greenwich.
  const offset = step >= 3_600 ? new Date(from * 1_000).getTimezoneOffset() * 60 : 0;
  return multiplesOf(step, from - offset, to - offset).map((tick) => tick + offset);
}

function multiplesOf(step: number, from: number, to: number): readonly number[] {
  const ticks: number[] = [];
  for (let index = Math.ceil(from / step); index * step <= to; index += 1)
    ticks.push(Number((index * step).toPrecision(12)));
  return ticks;
}
