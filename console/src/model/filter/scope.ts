// A filter within a group: what is asked of the server, and where in the filter its answer points.

import { isBalanced } from "./clauses";
import { quoted } from "./lex";
import { type Misplaced, misplacedIn } from "./place";

export interface Scoped {
  /** What the server is asked. */
  readonly expression: string;
  /** Where the filter begins in it. */
  readonly offset: number;
}

/** A filter that finds only what a group's filter finds too. */
export function scoped(filter: string, group: string | undefined): Scoped {
  const isEmpty = filter.trim() === "";
  // What is not balanced could reach out of the parentheses; alone it is refused, with its place.
  if (group === undefined || (!isEmpty && !isBalanced(filter))) return { expression: filter, offset: 0 };
  const prefix = `group.name = ${quoted(group)}`;
  if (isEmpty) return { expression: prefix, offset: prefix.length };
  return { expression: `${prefix} AND (${filter})`, offset: prefix.length + " AND (".length };
}

/** Where a refusal of the scoped expression points in the filter as it was written. */
export function misplacedInFilter(
  filter: string,
  { expression, offset }: Scoped,
  message: string,
): Misplaced | undefined {
  const found = misplacedIn(expression, message);
  if (!found) return undefined;
  const within = (at: number) => Math.min(Math.max(at - offset, 0), filter.length);
  const [start, end] = [within(found.start), within(found.end)];
  const before = filter.slice(0, start).split("\n");
  return { start, end, line: before.length, position: [...(before.at(-1) ?? "")].length + 1 };
}
