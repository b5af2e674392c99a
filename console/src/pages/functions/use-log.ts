// Follows a function's log into memory.

import { type Dispatch, type SetStateAction, useEffect, useState } from "react";
import { followLogs, type LogLine } from "../../api/fluoro-api";
import { ApiError, isRetryable } from "../../api/operation";
import { pause } from "../../app/pause";

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

type SetFollowed = Dispatch<SetStateAction<Followed>>;

export async function follow(name: string, set: SetFollowed, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await once(name, set, signal);
    } catch (error) {
      if (signal.aborted) return;
      // A connection that breaks has no answer: only the server can say that there is nothing to follow.
      if (error instanceof ApiError && !isRetryable(error)) return set(({ lines }) => ({ lines, error }));
    }
    await pause(PAUSE_MS, signal);
  }
}

/** From the first line that the server has to the end of its answer. */
async function once(name: string, set: SetFollowed, signal: AbortSignal): Promise<void> {
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
