// The numbers of a node or an edge in the few words that fit on the map.

import type { GraphEdge, Traffic } from "../../model/graph";
import { averageOf, percentileOf, rateOf } from "../../model/graph-statistics";
import { formatCount, formatDuration, formatPercent, formatRate, type Seconds, share } from "../../model/units";

/** `12 ms, 3.4/min`; without a window `12 ms, 5 calls`; nothing for no traffic. */
export function trafficText(traffic: Traffic, window: Seconds | undefined): string {
  if (traffic.total === 0) return "";
  const average = averageOf(traffic);
  const often = window === undefined ? `${formatCount(traffic.total)}×` : formatRate(rateOf(traffic, window));
  return average === undefined ? often : `${formatDuration(average)}, ${often}`;
}

/** What is written on an edge: of a link `3.1 s later, 3.4/min`. */
export function edgeText({ kind, traffic, ages }: GraphEdge, window: Seconds | undefined): string {
  const age = kind === "link" ? percentileOf(ages, 0.5) : undefined;
  const often = trafficText(traffic, window);
  return age === undefined ? often : `${formatDuration(age)} later, ${often}`;
}

/** `12 ms on average`; nothing where response times are not known. */
export function averageText(traffic: Traffic): string {
  const average = averageOf(traffic);
  return average === undefined ? "" : `${formatDuration(average)} on average`;
}

/** `27% failed`; nothing where nothing did. What failed how is in the label and beside the map. */
export function failedText({ counts, total }: Traffic): string {
  return counts.ok === total ? "" : `${formatPercent(share(1 - counts.ok / total))} failed`;
}
