import { expect, test } from "vitest";
import { seconds } from "../units";
import { readSlice, sliceOf, sliceText, ticks, wholeOf, zoomed } from "./time-slice";
import type { Offset } from "./trace";

const whole = wholeOf(seconds(10));
const offset = (value: number) => value as Offset;

test("a slice lies within the whole, whichever end was drawn first", () => {
  expect(sliceOf(7, 3, whole)).toEqual({ from: 3, to: 7 });
  expect(sliceOf(-5, 50, whole)).toEqual(whole);
  expect(sliceOf(4, 4, whole)).toBeUndefined();
  expect(sliceOf(20, 30, whole)).toBeUndefined();
});

test("a trace without length can still be drawn", () => {
  expect(wholeOf(seconds(0)).to).toBeGreaterThan(0);
});

test("closer and further away, never beyond the ends", () => {
  expect(zoomed(whole, whole, 0.5)).toEqual({ from: 2.5, to: 7.5 });
  expect(zoomed({ from: offset(0), to: offset(2) }, whole, 2)).toEqual({ from: 0, to: 4 });
  expect(zoomed({ from: offset(8), to: offset(10) }, whole, 2)).toEqual({ from: 6, to: 10 });
  expect(zoomed({ from: offset(2), to: offset(4) }, whole, 100)).toEqual(whole);
  // The point that is zoomed at stays where it is.
  expect(zoomed(whole, whole, 0.5, offset(2))).toEqual({ from: 1, to: 6 });
});

test("a slice travels through the URL", () => {
  const slice = { from: offset(0.25), to: offset(1.5) };
  expect(sliceText(slice)).toBe("0.25-1.5");
  expect(readSlice("0.25-1.5")).toEqual(slice);
  for (const text of ["", "1", "2-1", "1-1", "a-b", "-1-2", "1e3-2e3"]) expect(readSlice(text), text).toBeUndefined();
});

test("marks are round and few, and no two read the same", () => {
  const texts = (from: number, to: number, most: number) =>
    ticks({ from: offset(from), to: offset(to) }, most).map(({ text }) => text);
  expect(texts(0, 10, 5)).toEqual(["0", "2 s", "4 s", "6 s", "8 s", "10 s"]);
  expect(texts(0.13, 0.31, 4)).toEqual(["150 ms", "200 ms", "250 ms", "300 ms"]);
  expect(texts(5.0001, 5.0002, 4)).toEqual(["5.00010 s", "5.00015 s", "5.00020 s"]);
  expect(texts(0, 0.0005, 5)).toEqual(["0", "100 µs", "200 µs", "300 µs", "400 µs", "500 µs"]);
  expect(texts(0, 300, 3)).toEqual(["0", "1 min 40 s", "3 min 20 s", "5 min"]);
  expect(ticks(wholeOf(seconds(0)), 4).length).toBeLessThanOrEqual(6);
});
