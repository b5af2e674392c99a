import { expect, test } from "vitest";
import { graphOf, NO_TRAFFIC, type Traffic } from "./graph";
import { histogram, service, statistics } from "./graph-fixture";
import {
  averageOf,
  failuresOf,
  healthOf,
  healthText,
  isTimed,
  percentileOf,
  rateOf,
  worstOf,
} from "./graph-statistics";
import { seconds } from "./units";

function traffic(ok: number, failures: Parameters<typeof statistics>[1] = {}): Traffic {
  const given = service(0, "a", undefined, { SummaryStatistics: statistics(ok, failures) });
  return graphOf([given]).nodes[0]?.traffic ?? NO_TRAFFIC;
}

test("a ring has the outcomes that there are, one after the other", () => {
  expect(healthOf(traffic(3, { fault: 1 }))).toEqual([
    { outcome: "ok", share: 0.75, from: 0 },
    { outcome: "fault", share: 0.25, from: 0.75 },
  ]);
  expect(healthOf(NO_TRAFFIC)).toEqual([]);
});

test("one fault in a thousand can be seen in the ring, and the ring stays whole", () => {
  const slices = healthOf(traffic(999, { fault: 1 }));
  expect(slices.at(-1)?.share).toBeGreaterThan(0.03);
  expect(slices.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
});

test("health in words names every kind of failure, the worst first", () => {
  expect(healthText(traffic(12))).toBe("12 requests, all ok");
  expect(healthText(traffic(0, { fault: 1 }))).toBe("1 request, 1 fault (100%)");
  expect(failuresOf(traffic(6, { error: 2, throttle: 1, fault: 1 }))).toBe(
    "1 fault (10%), 1 throttle (10%), 2 errors (20%)",
  );
  expect(healthText(NO_TRAFFIC)).toBe("no finished requests");
  expect(worstOf(traffic(1, { error: 1, throttle: 1 }))).toBe("throttle");
});

test("percentiles are of nearest rank", () => {
  const took = [
    { time: seconds(0.1), count: 90 },
    { time: seconds(1), count: 9 },
    { time: seconds(5), count: 1 },
  ];
  expect([0, 0.5, 0.9, 0.95, 0.99, 1].map((part) => percentileOf(took, part))).toEqual([0.1, 0.1, 0.1, 1, 1, 5]);
  expect(percentileOf([], 0.5)).toBeUndefined();
});

test("what nobody timed has no average, though it has requests", () => {
  const untimed = graphOf([
    service(0, "a", undefined, {
      SummaryStatistics: statistics(4, { each: 0 }),
      ResponseTimeHistogram: histogram([-0, 4]),
    }),
  ]).nodes[0]?.traffic;
  expect(untimed && isTimed(untimed)).toBe(false);
  expect(untimed && averageOf(untimed)).toBeUndefined();
  expect(averageOf(traffic(4, { each: 0.25 }))).toBe(0.25);
});

test("a rate is over the window", () => {
  expect(rateOf(traffic(90), seconds(900))).toBeCloseTo(0.1);
});
