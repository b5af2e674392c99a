import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { awaitBriefly } from "./queries";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("an answer that is there is waited for no longer", async () => {
  await awaitBriefly(Promise.resolve("told"));
  expect(vi.getTimerCount()).toBe(0);
});

test("an answer that does not come is not waited for", async () => {
  const waiting = awaitBriefly(new Promise(() => undefined));
  await vi.advanceTimersToNextTimerAsync();
  await waiting;
  expect(vi.getTimerCount()).toBe(0);
});
