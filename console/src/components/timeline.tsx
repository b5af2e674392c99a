// How many requests there were over time, and how they ended; a stretch of time can be chosen.

import { useMemo } from "react";
import { type EpochSeconds, epochSeconds, now, type Window } from "../app/time";
import { type Axis, timeTicks } from "../model/axis";
import { binned, type Sample, timeBounds } from "../model/bins";
import { sumOf } from "../model/outcome";
import { tickLabel } from "../model/tick-label";
import { formatTime } from "../model/units";
import { Bars, type Tick } from "./bars";
import { ChartHead } from "./chart-head";
import { OutcomeLegend } from "./outcome";

interface Props {
  readonly label: string;
  /** What is counted: `trace`. */
  readonly noun?: string;
  /** Moments, in seconds since the epoch. */
  readonly samples: readonly Sample[];
  readonly window: Window;
  readonly onChoose: (from: EpochSeconds, to: EpochSeconds) => void;
  readonly height?: number;
}

const MOST_BINS = 60;

export function Timeline({ label, noun = "trace", samples, window, onChoose, height }: Props) {
  const { from, to } = window;
  const bins = useMemo(() => binned(samples, timeBounds(from, to, MOST_BINS)), [samples, from, to]);
  const axis: Axis = { from: bins[0]?.from ?? from, to: bins.at(-1)?.to ?? to, scale: "linear" };
  return (
    <div>
      <ChartHead>
        <OutcomeLegend counts={sumOf(bins.map(({ counts }) => counts))} />
      </ChartHead>
      <Bars
        label={`${label}, over time`}
        noun={noun}
        axis={axis}
        bins={bins}
        ticks={(most) => ticksOf(axis, most)}
        inWords={(start, end) => `${timeOf(start)} to ${timeOf(end)}`}
        handles={{ first: `${label}, from`, last: `${label}, until` }}
        chosen={undefined}
        onChoose={(stretch) => {
          const [first, last] = [stretch && bins[stretch.first], stretch && bins[stretch.last]];
          if (first && last) onChoose(epochSeconds(first.from), epochSeconds(last.to));
        }}
        {...(height === undefined ? {} : { height })}
      />
    </div>
  );
}

function ticksOf({ from, to }: Axis, most: number): readonly Tick[] {
  const ticks = timeTicks(from, to, most);
  const step = (ticks[1] ?? to) - (ticks[0] ?? from);
  return ticks.map((at) => ({ at, text: tickLabel(at, step) }));
}

/** With the day, where that is not today's. */
function timeOf(at: number): string {
  return formatTime(epochSeconds(at), now(), "seconds");
}
