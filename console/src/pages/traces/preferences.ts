// How somebody likes the list of traces: kept in the browser, as it says nothing of what is shown.

import { useCallback, useState } from "react";
import { COLUMNS } from "./columns";

export interface Preferences {
  /** Every column, in order. */
  readonly columns: readonly { readonly id: string; readonly visible: boolean }[];
  readonly widths: Readonly<Record<string, number>>;
  readonly pageSize: number;
  readonly wraps: boolean;
  readonly isCompact: boolean;
}

const KEY = "fluoro.traces";

export const PAGE_SIZES: readonly number[] = [20, 50, 100];

const DEFAULTS: Preferences = {
  columns: COLUMNS.map(({ id, isShown }) => ({ id, visible: isShown })),
  widths: {},
  pageSize: 50,
  wraps: false,
  isCompact: true,
};

export function usePreferences(): [Preferences, (changed: Partial<Preferences>) => void] {
  const [preferences, setPreferences] = useState(() => readPreferences(localStorage.getItem(KEY)));
  const change = useCallback((changed: Partial<Preferences>) => {
    setPreferences((before) => {
      const after = { ...before, ...changed };
      localStorage.setItem(KEY, JSON.stringify(after));
      return after;
    });
  }, []);
  return [preferences, change];
}

/** What is kept, as far as it means anything today: columns come and go between versions. */
export function readPreferences(kept: string | null): Preferences {
  let found: Partial<Record<keyof Preferences, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(kept ?? "{}");
    if (typeof parsed === "object" && parsed !== null) found = parsed;
  } catch {
    // Not ours: begin anew.
  }
  return {
    columns: readColumns(found.columns),
    widths: readWidths(found.widths),
    pageSize: PAGE_SIZES.find((size) => size === found.pageSize) ?? DEFAULTS.pageSize,
    wraps: found.wraps === true,
    isCompact: typeof found.isCompact === "boolean" ? found.isCompact : DEFAULTS.isCompact,
  };
}

function readColumns(found: unknown): Preferences["columns"] {
  const given = (Array.isArray(found) ? found : []).filter(isColumn);
  const known = given.filter(
    ({ id }, at) => DEFAULTS.columns.some((one) => one.id === id) && firstAt(given, id) === at,
  );
  return [...known, ...DEFAULTS.columns.filter(({ id }) => !known.some((one) => one.id === id))];
}

function firstAt(columns: readonly { readonly id: string }[], id: string): number {
  return columns.findIndex((one) => one.id === id);
}

function isColumn(value: unknown): value is Preferences["columns"][number] {
  if (typeof value !== "object" || value === null) return false;
  const { id, visible } = value as Record<string, unknown>;
  return typeof id === "string" && typeof visible === "boolean";
}

function readWidths(found: unknown): Preferences["widths"] {
  if (typeof found !== "object" || found === null) return {};
  return Object.fromEntries(Object.entries(found).filter(([, width]) => typeof width === "number" && width > 0));
}
