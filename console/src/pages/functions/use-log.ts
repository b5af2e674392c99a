// Follows a function's log into memory.

import { useEffect, useState } from "react";
import { followLogs, type LogLine } from "../../api/fluoro-api";
import { isRetryable } from "../../api/operation";

/** As many as the server keeps for readers. */
const KEPT = 10_000;

/** Lines come one by one, and by the thousand: they are shown together. */
const TOGETHER_MS = 50;

/** Before the server is asked again after it went away. */
const PAUSE_MS = 2_000;

interface Followed {
  readonly lines: readonly LogLine[];
  readonly error: unknown;
}

/** The newest lines; while `following`, with what comes. Another `attempt` begins anew after an error. */
export function useLog(name: string, following: boolean, attempt: number): Followed {
  const [followed, setFollowed] = useState<Followed>({ lines: [], error: undefined });
  // biome-ignore lint/correctness/useExhaustiveDependencies: an attempt is a reason to begin, not something to read
  useEffect(() => {
    if (!following) return;
    const stop = new AbortController();
    void follow(name, setFollowed, stop.signal);
    return () => stop.abort();
  }, [name, following, attempt]);
  return followed;
}

async function follow(name: string, set: (followed: Followed) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await once(name, set, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!isRetryable(error)) return set({ lines: [], error });
    }
    await pause(signal);
  }
}

/** From the first line that the server has to the end of its answer. */
async function once(name: string, set: (followed: Followed) => void, signal: AbortSignal): Promise<void> {
  let lines: LogLine[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = () => {
    timer = undefined;
    lines = lines.slice(-KEPT);
    if (!signal.aborted) set({ lines: [...lines], error: undefined });
  };
  try {
    for await (const line of followLogs(name, undefined, signal)) {
      lines.push(line);
      timer ??= setTimeout(show, TOGETHER_MS);
    }
  } finally {
    if (timer !== undefined) {
      clearTimeout(timer);
      show();
    }
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
