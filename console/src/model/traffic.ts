// What stages and functions handled, as `/_fluoro/statistics` counts it: summed up, and minute by minute.

import type { Statistics } from "../api/fluoro-api";
import { type Seconds, type Share, seconds, shareOf } from "./units";

export type Series = Statistics["series"][number];
export type MethodSeries = Extract<Series, { kind: "method" }>;

/** What was counted of a series, of several, or of a minute of theirs. */
export type Counted = Pick<Series, "requests" | "errors" | "throttles" | "faults" | "latency_ms">;
type Minute = Series["minutes"][number];

/** Counts of several series. Quantiles of several cannot be told from those of each; the mean and the longest can. */
export interface Total {
  readonly requests: number;
  readonly ok: number;
  /** Without the throttled ones. */
  readonly errors: number;
  readonly throttles: number;
  readonly faults: number;
  readonly mean: Seconds | undefined;
  readonly max: Seconds | undefined;
}

export function total(counted: readonly Counted[]): Total {
  const sum = (of: (one: Counted) => number) => counted.reduce((before, one) => before + of(one), 0);
  const requests = sum((one) => one.requests);
  const throttles = sum((one) => one.throttles);
  const errors = sum((one) => one.errors) - throttles;
  const faults = sum((one) => one.faults);
  return {
    requests,
    ok: requests - errors - throttles - faults,
    errors,
    throttles,
    faults,
    mean: requests ? seconds(sum((one) => one.requests * one.latency_ms.mean) / requests / 1e3) : undefined,
    max: requests ? seconds(Math.max(...counted.map((one) => one.latency_ms.max)) / 1e3) : undefined,
  };
}

/** The share of requests that ended in faults; of none there is no share. */
export function faultShare(of: Total): Share | undefined {
  return shareOf(of.faults, of.requests);
}

export interface TotalMinute extends Total {
  readonly at: number;
}

/** Every minute from first to last, those without a request as well. */
export function minutes(statistics: Pick<Statistics, "from" | "to">, series: readonly Series[]): TotalMinute[] {
  const byMinute = new Map<number, Minute[]>();
  for (const minute of series.flatMap((one) => one.minutes)) {
    const known = byMinute.get(minute.at);
    if (known) known.push(minute);
    else byMinute.set(minute.at, [minute]);
  }
  const all: TotalMinute[] = [];
  for (let at = statistics.from; at <= statistics.to; at += 60) all.push({ at, ...total(byMinute.get(at) ?? []) });
  return all;
}

/** Those of one stage. */
export function ofStage(series: readonly Series[], stage: string): MethodSeries[] {
  return ofMethods(series).filter((one) => one.stage === stage);
}

export function ofMethods(series: readonly Series[]): MethodSeries[] {
  return series.filter((one) => one.kind === "method");
}

/** `GET /orders/{id}`. */
export function methodName(series: MethodSeries): string {
  return series.resource ? `${series.method ?? "ANY"} ${series.resource}` : "No method";
}
