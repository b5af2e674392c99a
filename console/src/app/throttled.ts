// A value that changes often, told seldom: for what is dear to draw.

import { useEffect, useRef, useState } from "react";

/** The value, at most once in so many milliseconds; the last one always comes. */
export function useThrottled<T>(value: T, everyMs: number): T {
  const [told, setTold] = useState(value);
  const toldAt = useRef(0);
  useEffect(() => {
    if (value === told) return;
    const wait = Math.max(0, toldAt.current + everyMs - performance.now());
    const timer = setTimeout(() => {
      toldAt.current = performance.now();
      setTold(value);
    }, wait);
    return () => clearTimeout(timer);
  }, [value, told, everyMs]);
  return told;
}
