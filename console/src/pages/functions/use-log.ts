// Follows a function's log into memory.

import { useEffect, useState } from "react";
import { followLog, type LogLine } from "../../api/functions";
import { isRetryable } from "../../api/operation";

/** As many as the server keeps for readers. */
const KEPT = 10_000;

/** Before it is asked again after the server went away. */
const PAUSE_MS = 2_000;

interface Followed {
  readonly lines: readonly LogLine[];
  readonly error: unknown;
}

/** The newest lines; while `following`, with what comes. */
export function useLog(name: string, following: boolean): Followed {
  const [followed, setFollowed] = useState<Followed>({ lines: [], error: undefined });
  useEffect(() => {
    if (!following) return;
    const stop = new AbortController();
    void follow(name, setFollowed, stop.signal);
    return () => stop.abort();
  }, [name, following]);
  return followed;
}

async function follow(name: string, set: (followed: Followed) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      // Each time from the start: the server sends what it has first.
      let lines: readonly LogLine[] = [];
      await followLog(
        name,
        (more) => {
          lines = [...lines, ...more].slice(-KEPT);
          set({ lines, error: undefined });
        },
        signal,
      );
    } catch (error) {
      if (signal.aborted) return;
      if (!isRetryable(error)) return set({ lines: [], error });
    }
    await pause(signal);
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PAUSE_MS);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
