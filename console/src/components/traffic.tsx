// What was handled, as numbers and by the minute: for an API, a stage or a function.

import BarChart from "@cloudscape-design/components/bar-chart";
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Statistics, StatisticsQuery } from "../api/fluoro-api";
import { statisticsQuery } from "../api/statistics";
import { oneOf } from "../app/search";
import { type Counted, minutes, type Series, type TotalMinute, total } from "../model/traffic";
import { formatCount, formatDuration, formatPercent, milliseconds, seconds, shareOf } from "../model/units";
import { OUTCOME_COLORS } from "./outcome";
import "./outcome-sign.css";
import { Empty, Failure, Loading } from "./states";
import { DEFAULT_SINCE, SINCE_TEXT, SINCES, type Since } from "./traffic-range";

interface Props {
  readonly of: Omit<StatisticsQuery, "since">;
  readonly since: Since;
  readonly onSince: (since: Since) => void;
  /** What the function's are called. */
  readonly what?: "requests" | "invocations";
  /** Which of the series are meant. */
  readonly only?: (series: readonly Series[]) => readonly Series[];
  /** What to do so that there is something. */
  readonly hint: string;
  /** What is shown below the charts. */
  readonly children?: (series: readonly Series[]) => ReactNode;
}

type Title = "Requests" | "Invocations";

export function Traffic({ of, what = "requests", since, onSince, only, hint, children }: Props) {
  const title: Title = what === "requests" ? "Requests" : "Invocations";
  const statistics = useQuery(statisticsQuery({ ...of, since }));
  if (statistics.isPending) return <Loading what="statistics" />;
  if (statistics.isError) {
    return <Failure what="Statistics could not be read" error={statistics.error} retry={statistics.refetch} />;
  }
  const series = only ? only(statistics.data.series) : statistics.data.series;
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h2"
            description={`All ${what} are counted, sampled or not.`}
            actions={
              <SegmentedControl
                label="Time range"
                selectedId={since}
                options={SINCES.map((id) => ({ id, text: id }))}
                onChange={({ detail }) => onSince(oneOf(SINCES, detail.selectedId) ?? DEFAULT_SINCE)}
              />
            }
          >
            {title}
          </Header>
        }
      >
        {series.length === 0 ? (
          <Empty title={`No ${what} in the last ${SINCE_TEXT[since]}`}>{hint}</Empty>
        ) : (
          <Charts title={title} statistics={statistics.data} series={series} />
        )}
      </Container>
      {series.length > 0 && children?.(series)}
    </SpaceBetween>
  );
}

function Charts(props: { title: Title; statistics: Statistics; series: readonly Series[] }) {
  const { title, statistics, series } = props;
  const all = minutes(statistics, series);
  const [alone] = series.length === 1 ? series : [];
  return (
    <SpaceBetween size="l">
      <Numbers title={title} series={series} />
      <ColumnLayout columns={2} minColumnWidth={320}>
        <div>
          <Box variant="h3">{title} a minute</Box>
          <RequestChart title={title} all={all} />
        </div>
        <div>
          <Box variant="h3">Latency</Box>
          <LatencyChart all={all} alone={alone} />
        </div>
      </ColumnLayout>
    </SpaceBetween>
  );
}

function Numbers({ title, series }: { title: Title; series: readonly Series[] }) {
  const sum = total(series);
  const [alone] = series.length === 1 ? series : [];
  const counted = (count: number) =>
    count === 0 ? "0" : `${formatCount(count)} (${formatPercent(shareOf(count, sum.requests))})`;
  return (
    <KeyValuePairs
      columns={4}
      minColumnWidth={120}
      items={[
        { label: title, value: formatCount(sum.requests) },
        // A function's invocation fails or is throttled; errors are a matter of HTTP.
        ...(title === "Requests" ? [{ label: "Errors (4xx)", value: counted(sum.errors) }] : []),
        { label: "Faults", value: counted(sum.faults) },
        { label: "Throttles", value: counted(sum.throttles) },
        { label: "Mean latency", value: formatDuration(sum.mean) },
        ...(alone ? quantiles(alone) : []),
        { label: "Longest", value: formatDuration(sum.max) },
      ]}
    />
  );
}

function quantiles(of: Counted) {
  const { p50, p90, p99 } = of.latency_ms;
  return [
    { label: "p50", value: formatDuration(milliseconds(p50)) },
    { label: "p90", value: formatDuration(milliseconds(p90)) },
    { label: "p99", value: formatDuration(milliseconds(p99)) },
  ];
}

// Between light and dark: each has 3:1 against either page.
const LATENCY_COLORS = ["#2c6fbb", "#8a5fc7", "#c2528b"];

const CHART = {
  height: 160,
  hideFilter: true,
  xTickFormatter: (at: Date) => clock(at),
  i18nStrings: { xTickFormatter: (at: Date) => clock(at) },
} as const;

function RequestChart({ title, all }: { title: Title; all: readonly TotalMinute[] }) {
  const bars = (title: string, color: string, of: (minute: TotalMinute) => number) => ({
    title,
    color,
    type: "bar" as const,
    data: all.map((minute) => ({ x: startOf(minute), y: of(minute) })),
  });
  return (
    <BarChart
      {...CHART}
      ariaLabel={`${title} a minute`}
      stackedBars
      xScaleType="categorical"
      xDomain={all.map(startOf)}
      yDomain={[0, Math.max(4, ...all.map((minute) => minute.requests))]}
      series={[
        bars("OK", OUTCOME_COLORS.ok, (minute) => minute.ok),
        ...(title === "Requests" ? [bars("Errors", OUTCOME_COLORS.error, (minute) => minute.errors)] : []),
        bars("Throttles", OUTCOME_COLORS.throttle, (minute) => minute.throttles),
        bars("Faults", OUTCOME_COLORS.fault, (minute) => minute.faults),
      ]}
    />
  );
}

/**
 * Bars that reach up to each quantile of one series; of several together there is but the mean and the longest. A line
 * would not show a minute that has no neighbour.
 */
function LatencyChart({ all, alone }: { all: readonly TotalMinute[]; alone: Series | undefined }) {
  const heights = alone
    ? (["p50", "p90", "p99"] as const).map((of) => ({
        title: of as string,
        at: new Map(alone.minutes.map((minute) => [minute.at, minute.latency_ms[of] / 1e3])),
      }))
    : [
        { title: "Mean", at: new Map(all.map((minute) => [minute.at, minute.mean ?? 0])) },
        { title: "Longest", at: new Map(all.map((minute) => [minute.at, minute.max ?? 0])) },
      ];
  const reached = (place: number, minute: TotalMinute) => heights[place]?.at.get(minute.at) ?? 0;
  const highest = Math.max(0.001, ...heights.flatMap((one) => [...one.at.values()]));
  return (
    <BarChart
      {...CHART}
      ariaLabel="Latency by minute"
      stackedBars
      xScaleType="categorical"
      xDomain={all.map(startOf)}
      yDomain={[0, highest]}
      yTickFormatter={(value) => formatDuration(seconds(value))}
      series={heights.map((one, place) => ({
        title: one.title,
        type: "bar" as const,
        color: LATENCY_COLORS[place] ?? "",
        data: all.map((minute) => ({
          x: startOf(minute),
          y: Math.max(0, reached(place, minute) - reached(place - 1, minute)),
        })),
        // A bar stands on those below it, and means the height that it reaches.
        valueFormatter: (_: number, at: Date) => formatDuration(seconds(one.at.get(at.getTime() / 1e3) ?? 0)),
      }))}
    />
  );
}

function startOf(minute: { readonly at: number }): Date {
  return new Date(minute.at * 1e3);
}

function clock(at: Date): string {
  return at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
