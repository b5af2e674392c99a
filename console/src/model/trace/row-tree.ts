// Which rows of a trace are shown when some are folded up or left out, and how the keyboard walks among them
// (WAI-ARIA's treegrid pattern).

import { childrenOf, type Row } from "./trace";

/** Keys of the rows whose children are hidden. Keys, so that it outlives a trace that grows. */
export type Collapsed = ReadonlySet<string>;

export const NONE_COLLAPSED: Collapsed = new Set();

/** The rows that are shown, in order. `kept`, if given, are the only ones that may be, with what stands above them. */
export function visibleRows(rows: readonly Row[], collapsed: Collapsed, kept?: ReadonlySet<Row>): Row[] {
  const allowed = kept && withAncestors(rows, kept);
  const visible: Row[] = [];
  for (let row = rows[0]; row; ) {
    const shown = !allowed || allowed.has(row);
    if (shown) visible.push(row);
    // What is left out has nothing below it that is not.
    row = rows[!shown || collapsed.has(row.key) ? row.index + row.size : row.index + 1];
  }
  return visible;
}

function withAncestors(rows: readonly Row[], kept: ReadonlySet<Row>): ReadonlySet<Row> {
  const all = new Set<Row>();
  for (const row of kept) {
    for (let up: Row | undefined = row; up && !all.has(up); up = parentOf(rows, up)) all.add(up);
  }
  return all;
}

export function parentOf(rows: readonly Row[], row: Row): Row | undefined {
  return row.parent === undefined ? undefined : rows[row.parent];
}

export function hasChildren(row: Row): boolean {
  return row.size > 1;
}

/** Folds up everything from this depth on; 0 leaves the rows at the left edge. */
export function collapsedTo(rows: readonly Row[], depth: number): Collapsed {
  return new Set(rows.filter((row) => row.depth >= depth && hasChildren(row)).map((row) => row.key));
}

export function toggled(collapsed: Collapsed, row: Row): Collapsed {
  const next = new Set(collapsed);
  if (!next.delete(row.key)) next.add(row.key);
  return next;
}

/** Unfolds what stands above a row, so that it is seen. */
export function revealed(rows: readonly Row[], collapsed: Collapsed, row: Row): Collapsed {
  const next = new Set(collapsed);
  for (let up = parentOf(rows, row); up; up = parentOf(rows, up)) next.delete(up.key);
  return next.size === collapsed.size ? collapsed : next;
}

export function deepest(rows: readonly Row[]): number {
  return rows.reduce((depth, row) => Math.max(depth, row.depth), 0);
}

/** What a key asks for. */
export type Move =
  | { readonly kind: "go"; readonly to: Row }
  | { readonly kind: "collapse"; readonly to: Collapsed }
  | { readonly kind: "open" };

export interface Standing {
  readonly rows: readonly Row[];
  readonly visible: readonly Row[];
  readonly collapsed: Collapsed;
  /** Where the keyboard is. */
  readonly row: Row;
  /** Rows that fit on the screen. */
  readonly page: number;
}

export function moveFor(key: string, standing: Standing): Move | undefined {
  const { rows, visible, collapsed, row, page } = standing;
  const place = visible.indexOf(row);
  const go = (index: number): Move | undefined => {
    const to = visible[Math.max(0, Math.min(visible.length - 1, index))];
    return to && to !== row ? { kind: "go", to } : undefined;
  };
  switch (key) {
    case "ArrowDown":
      return go(place + 1);
    case "ArrowUp":
      return go(place - 1);
    case "PageDown":
      return go(place + page);
    case "PageUp":
      return go(place - page);
    case "Home":
      return go(0);
    case "End":
      return go(visible.length - 1);
    case "ArrowRight":
      if (!hasChildren(row)) return undefined;
      if (collapsed.has(row.key)) return { kind: "collapse", to: toggled(collapsed, row) };
      return visible[place + 1]?.parent === row.index ? go(place + 1) : undefined;
    case "ArrowLeft": {
      if (hasChildren(row) && !collapsed.has(row.key)) return { kind: "collapse", to: toggled(collapsed, row) };
      const parent = parentOf(rows, row);
      return parent && { kind: "go", to: parent };
    }
    case "*":
      return { kind: "collapse", to: unfoldedBeside(rows, collapsed, row) };
    case "Enter":
    case " ":
      return { kind: "open" };
    default:
      return undefined;
  }
}

/** Unfolds the row and its siblings. */
function unfoldedBeside(rows: readonly Row[], collapsed: Collapsed, row: Row): Collapsed {
  const parent = parentOf(rows, row);
  const siblings = parent ? childrenOf(rows, parent) : rows.filter((other) => other.depth === 0);
  const next = new Set(collapsed);
  for (const sibling of siblings) next.delete(sibling.key);
  return next;
}
