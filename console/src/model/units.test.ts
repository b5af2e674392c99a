import { describe, expect, test } from "vitest";
import {
  epochSeconds,
  formatAge,
  formatBytes,
  formatCompactCount,
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
  formatTime,
  milliseconds,
  perSecond,
  seconds,
  share,
  shareOf,
} from "./units";

describe("a duration", () => {
  test.each([
    [0, "0 ms"],
    [0.00000042, "0.42 µs"],
    [0.00034, "340 µs"],
    [0.0009996, "1 ms"],
    [0.0044, "4.4 ms"],
    [0.12345, "123 ms"],
    [0.9996, "1 s"],
    [1.234, "1.23 s"],
    [59.94, "59.9 s"],
    [59.96, "1 min"],
    [125, "2 min 5 s"],
    [3599.6, "1 h"],
    [12_000, "3 h 20 min"],
    [187_200, "2 d 4 h"],
    [-0.002, "−2 ms"],
  ])("of %d s is %s", (value, text) => {
    expect(formatDuration(seconds(value))).toBe(text);
  });

  test("in milliseconds is the same one", () => {
    expect(formatDuration(milliseconds(4.4))).toBe("4.4 ms");
  });

  test("that nobody knows is not zero", () => {
    expect(formatDuration(undefined)).toBe("–");
  });
});

describe("an age", () => {
  const now = epochSeconds(1_000_000);
  test.each([
    [0.4, "just now"],
    [-5, "just now"],
    [-120, "in 2 min"],
    [12.9, "12 s ago"],
    [300, "5 min ago"],
    [3 * 3600 + 5, "3 h ago"],
    [2 * 86_400, "2 d ago"],
  ])("of %d s is %s", (age, text) => {
    expect(formatAge(epochSeconds(now - age), now)).toBe(text);
  });
});

test("counts are grouped, or short", () => {
  expect(formatCount(1_234_567)).toBe("1,234,567");
  expect(formatCount(undefined)).toBe("–");
  expect(formatCompactCount(950)).toBe("950");
  expect(formatCompactCount(12_345)).toBe("12.3k");
  expect(formatCompactCount(4_500_000)).toBe("4.5M");
});

test("rare things are told by the minute or the hour", () => {
  expect(formatRate(perSecond(0))).toBe("0/s");
  expect(formatRate(perSecond(1234.5))).toBe("1,235/s");
  expect(formatRate(perSecond(8.521))).toBe("8.52/s");
  expect(formatRate(perSecond(0.05))).toBe("3/min");
  expect(formatRate(perSecond(2 / 3600))).toBe("2/h");
});

test("only everything is 100 percent, and only nothing is 0", () => {
  expect(formatPercent(share(0))).toBe("0%");
  expect(formatPercent(share(0.00004))).toBe("<0.01%");
  expect(formatPercent(share(0.0005))).toBe("0.05%");
  expect(formatPercent(share(0.05))).toBe("5%");
  expect(formatPercent(share(0.333))).toBe("33.3%");
  expect(formatPercent(share(0.9995))).toBe("99.95%");
  expect(formatPercent(share(0.999999))).toBe(">99.99%");
  expect(formatPercent(share(1))).toBe("100%");
  expect(formatPercent(shareOf(1, 0))).toBe("–");
});

test("bytes are counted in powers of two", () => {
  expect(formatBytes(820)).toBe("820 B");
  expect(formatBytes(1_572_864)).toBe("1.5 MiB");
  expect(formatBytes(1023.9 * 1024)).toBe("1 MiB");
  expect(formatBytes(5 * 1024 ** 3)).toBe("5 GiB");
});

test("a time says its day only when that is another one", () => {
  const at = new Date(2026, 2, 1, 14, 3, 22, 123).getTime() / 1e3;
  const later = new Date(2026, 2, 1, 23, 0, 0).getTime() / 1e3;
  const nextDay = new Date(2026, 2, 2, 0, 0, 1).getTime() / 1e3;
  expect(formatTime(epochSeconds(at), epochSeconds(later))).toBe("14:03:22.123");
  expect(formatTime(epochSeconds(at), epochSeconds(later), "seconds")).toBe("14:03:22");
  expect(formatTime(epochSeconds(at), epochSeconds(nextDay))).toBe("2026-03-01 14:03:22.123");
});
