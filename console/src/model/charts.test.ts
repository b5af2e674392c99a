import { describe, expect, test } from "vitest";
import { positionOn, ticksOn, timeTicks, valueOn } from "./axis";
import { binned, boundsOver, countIn, quantilesOf, type Sample, stepOf, timeBounds } from "./bins";

describe("bounds of bins", () => {
  test("are preferred numbers on a logarithmic axis, and hold every value", () => {
    expect(boundsOver([0.012, 0.09], "log", 12)).toEqual([
      0.01, 0.0125, 0.016, 0.02, 0.025, 0.0315, 0.04, 0.05, 0.063, 0.08, 0.1,
    ]);
    const wide = boundsOver([0.000_5, 900], "log", 20);
    expect(wide.length).toBeLessThanOrEqual(21);
    expect(wide[0]).toBeLessThanOrEqual(0.000_5);
    expect(wide.at(-1)).toBeGreaterThan(900);
  });

  test("begin at 0 on a linear one", () => {
    expect(boundsOver([0.3, 0.9], "linear", 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(boundsOver([], "linear", 5)).toEqual([]);
  });

  test("are there for values that are all the same, or nothing", () => {
    expect(boundsOver([2, 2], "log", 60).length).toBeGreaterThan(1);
    expect(boundsOver([0], "log", 60).length).toBeGreaterThan(1);
    expect(boundsOver([0], "linear", 60).length).toBeGreaterThan(1);
  });

  test("of time are round", () => {
    const bounds = timeBounds(1_003, 1_903, 60);
    expect(bounds[0]).toBe(990);
    expect((bounds[1] ?? 0) - (bounds[0] ?? 0)).toBe(15);
    expect(bounds.at(-1)).toBeGreaterThanOrEqual(1_903);
  });
});

describe("bins", () => {
  const samples: Sample[] = [
    { value: 0, outcome: "ok" },
    { value: 1, outcome: "fault" },
    { value: 1.5, outcome: "fault" },
    { value: 4, outcome: "ok" },
    { value: 9, outcome: "ok" },
    { value: 3, count: 5 },
  ];

  test("include where they begin, and the last one where it ends", () => {
    const bins = binned(samples, [0, 1, 2, 4]);
    expect(bins.map(countIn)).toEqual([1, 2, 6]);
    expect(bins[1]?.counts.fault).toBe(2);
    expect(bins[2]?.untold).toBe(5);
  });

  test("on a logarithmic axis take what took no time", () => {
    expect(binned([{ value: 0, outcome: "ok" }], boundsOver([0], "log", 60)).map(countIn)).toContain(1);
  });
});

test("quantiles count what a sample stands for", () => {
  const samples: Sample[] = [
    { value: 3, count: 1 },
    { value: 1, count: 8 },
    { value: 2, count: 1 },
  ];
  expect(quantilesOf(samples, [0.5, 0.9, 0.99])).toEqual([1, 2, 3]);
  expect(quantilesOf([], [0.5])).toEqual([]);
});

test("steps are 1, 2 or 5 times a power of ten", () => {
  expect([0.03, 1, 1.1, 7, 0.2].map(stepOf)).toEqual([0.05, 1, 2, 10, 0.2]);
});

describe("an axis", () => {
  test("places values, and tells what stands at a place", () => {
    const log = { from: 0.001, to: 1, scale: "log" } as const;
    expect(positionOn(log, 0.01)).toBeCloseTo(1 / 3);
    expect(valueOn(log, 2 / 3)).toBeCloseTo(0.1);
    expect(positionOn({ from: 10, to: 20, scale: "linear" }, 15)).toBe(0.5);
  });

  test("has few ticks, all on it", () => {
    expect(ticksOn({ from: 0.001, to: 1, scale: "log" }, 7)).toEqual([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1]);
    expect(ticksOn({ from: 0.08, to: 0.09, scale: "log" }, 5)).toEqual([0.08, 0.082, 0.084, 0.086, 0.088, 0.09]);
    expect(ticksOn({ from: 0.000_1, to: 100, scale: "log" }, 4)).toEqual([0.000_1, 0.01, 1, 100]);
    expect(ticksOn({ from: 0, to: 0, scale: "log" }, 5)).toEqual([]);
    expect(ticksOn({ from: 0, to: 1, scale: "log" }, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  });

  test("of time has round ticks", () => {
    expect(timeTicks(1_003, 1_903, 4)).toEqual([1_200, 1_500, 1_800]);
  });
});
