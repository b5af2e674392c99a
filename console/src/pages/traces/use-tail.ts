// Live tail: the traces that came or changed since somebody began to look.

import { useEffect, useState } from "react";
import type { EpochSeconds } from "../../app/time";
import { mergedRows, type TraceRow } from "../../model/trace-row";
import { follow } from "./follow";
import { MOST_TRACES } from "./use-traces";

export interface Tail {
  /** What came since, in no order. */
  readonly rows: readonly TraceRow[];
  /** Why nothing comes. */
  readonly trouble: Error | undefined;
}

const NOTHING: Tail = { rows: [], trouble: undefined };

/** Follows while `isOn`; what came stays until the question, or the moment since when, is another. */
export function useTail(expression: string, since: EpochSeconds, isOn: boolean): Tail {
  const asked = JSON.stringify([expression, since]);
  const [held, setHeld] = useState({ asked, tail: NOTHING });
  if (held.asked !== asked) setHeld({ asked, tail: NOTHING });
  useEffect(() => {
    if (!isOn) return;
    const stop = new AbortController();
    const change = (to: (tail: Tail) => Tail) =>
      setHeld((before) => (before.asked === asked ? { asked, tail: to(before.tail) } : before));
    void follow(expression, since, stop.signal, {
      onRows: (rows) => change((tail) => ({ ...tail, rows: mergedRows(tail.rows, rows).slice(-MOST_TRACES) })),
      onTrouble: (trouble) => change((tail) => ({ ...tail, trouble })),
    });
    return () => {
      stop.abort();
      change((tail) => ({ ...tail, trouble: undefined }));
    };
  }, [expression, since, isOn, asked]);
  return held.asked === asked ? held.tail : NOTHING;
}
