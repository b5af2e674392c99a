// How long requests took: a distribution, a stretch of which can be chosen.

import Box from "@cloudscape-design/components/box";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import { useMemo } from "react";
import { type Axis, ticksOn } from "../model/axis";
import { type Bin, binned, boundsOver, quantilesOf, type Sample, type Scale } from "../model/bins";
import type { Bounds } from "../model/filter/clauses";
import { formatDuration, seconds } from "../model/units";
import { Bars } from "./bars";
import { ChartHead } from "./chart-head";
import type { Stretch } from "./use-brush";

interface Props {
  /** What the values are: `Response time`. */
  readonly label: string;
  /** What is counted: `trace`. */
  readonly noun?: string;
  /** Seconds. */
  readonly samples: readonly Sample[];
  readonly scale: Scale;
  readonly onScale: (scale: Scale) => void;
  /** What is chosen, where the samples reach beyond it. */
  readonly chosen?: Bounds;
  /** What was chosen: without a bound where it reaches to the end; undefined for everything. */
  readonly onChoose: (bounds: Bounds | undefined) => void;
  readonly height?: number;
}

const MOST_BINS = 60;

export function Histogram({ label, noun = "trace", samples, scale, onScale, chosen, onChoose, height }: Props) {
  const bins = useMemo(() => {
    const values = samples.map(({ value }) => value);
    return binned(samples, boundsOver(values, scale, MOST_BINS));
  }, [samples, scale]);
  const told = useMemo(() => percentiles(samples), [samples]);
  const axis: Axis = { from: bins[0]?.from ?? 0.001, to: bins.at(-1)?.to ?? 1, scale };
  return (
    <div>
      <ChartHead>
        <Box variant="span" fontSize="body-s" color="text-body-secondary">
          {told}
        </Box>
        <SegmentedControl
          label={`Scale of ${label.toLowerCase()}`}
          selectedId={scale}
          options={[
            { id: "log", text: "Log" },
            { id: "linear", text: "Linear" },
          ]}
          onChange={({ detail }) => onScale(detail.selectedId === "linear" ? "linear" : "log")}
        />
      </ChartHead>
      <Bars
        label={`${label}, distribution`}
        noun={noun}
        axis={axis}
        bins={bins}
        ticks={(most) => ticksOn(axis, most).map((at) => ({ at, text: formatDuration(seconds(at)) }))}
        inWords={(from, to) => `${formatDuration(seconds(from))} to ${formatDuration(seconds(to))}`}
        handles={{ first: `${label}, from`, last: `${label}, to` }}
        chosen={stretchOf(bins, chosen)}
        onChoose={(stretch) => onChoose(stretch && boundsOf(bins, stretch))}
        {...(height === undefined ? {} : { height })}
      />
    </div>
  );
}

/** The middle and the slow end, in words. */
function percentiles(samples: readonly Sample[]): string {
  const [p50, p90, p99] = quantilesOf(samples, [0.5, 0.9, 0.99]);
  if (p50 === undefined || p90 === undefined || p99 === undefined) return "";
  return `p50 ${formatDuration(seconds(p50))} · p90 ${formatDuration(seconds(p90))} · p99 ${formatDuration(seconds(p99))}`;
}

function stretchOf(bins: readonly Bin[], bounds: Bounds | undefined): Stretch | undefined {
  if (!bounds) return undefined;
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = bounds;
  const first = bins.findIndex((bin) => bin.to > from);
  const last = bins.findLastIndex((bin) => bin.from < to);
  return first < 0 || last < first ? undefined : { first, last };
}

function boundsOf(bins: readonly Bin[], { first, last }: Stretch): Bounds {
  const [from, to] = [bins[first]?.from, bins[last]?.to];
  return {
    ...(first > 0 && from !== undefined ? { from } : {}),
    ...(last < bins.length - 1 && to !== undefined ? { to } : {}),
  };
}
