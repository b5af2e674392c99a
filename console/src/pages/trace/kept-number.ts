// A number that the reader chose, kept in this browser.

import { useCallback, useState } from "react";

export function useKeptNumber(key: string, otherwise: number): [number, (value: number) => void] {
  const [value, setValue] = useState(() => {
    const kept = Number(localStorage.getItem(key));
    return Number.isFinite(kept) && kept > 0 ? kept : otherwise;
  });
  const keep = useCallback(
    (next: number) => {
      localStorage.setItem(key, String(next));
      setValue(next);
    },
    [key],
  );
  return [value, keep];
}
