import { expect, test, vi } from "vitest";
import { pause } from "./pause";

test("a signal is left as it was found, however often it is waited for", async () => {
  const stop = new AbortController();
  const added = vi.spyOn(stop.signal, "addEventListener");
  const removed = vi.spyOn(stop.signal, "removeEventListener");
  for (let again = 0; again < 3; again += 1) await pause(1, stop.signal);
  expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  const waiting = pause(60_000, stop.signal);
  stop.abort();
  await waiting;
  await pause(60_000, stop.signal);
});
