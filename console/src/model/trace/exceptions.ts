// The exceptions of a row as they came about: each followed by what caused it, also where another part of the trace
// recorded that.

import type { Exception } from "./documents";
import type { Row } from "./trace";

export interface Thrown {
  readonly exception: Exception;
  /** The row that recorded it, where it is another one. */
  readonly elsewhere: Row | undefined;
}

/** An exception and what led to it, outermost first. */
export type Chain = readonly Thrown[];

export interface RowExceptions {
  readonly chains: readonly Chain[];
  /** The id of an exception that this row names and that is nowhere in the trace. */
  readonly missing: string | undefined;
}

export function exceptionsOf(rows: readonly Row[], row: Row): RowExceptions {
  const { cause } = row.entity;
  if (cause === undefined) return { chains: [], missing: undefined };
  if (typeof cause === "string") {
    const found = find(rows, row, cause);
    return found ? { chains: [chainFrom(rows, row, found)], missing: undefined } : { chains: [], missing: cause };
  }
  const own = cause.exceptions ?? [];
  const causes = new Set(own.map((exception) => exception.cause));
  const outermost = own.filter((exception) => exception.id === undefined || !causes.has(exception.id));
  // Exceptions that only name each other have no outermost one: then any will do, rather than none.
  const heads = outermost.length > 0 ? outermost : own.slice(0, 1);
  const chains = heads.map((exception) => chainFrom(rows, row, { exception, elsewhere: undefined }));
  return { chains, missing: undefined };
}

function chainFrom(rows: readonly Row[], row: Row, head: Thrown): Chain {
  const chain = [head];
  const seen = new Set([head.exception]);
  for (let { cause } = head.exception; cause !== undefined; ) {
    const next = find(rows, row, cause);
    if (!next || seen.has(next.exception)) break;
    seen.add(next.exception);
    chain.push(next);
    cause = next.exception.cause;
  }
  return chain;
}

/** Its own exceptions first; then whoever recorded one with that id. */
function find(rows: readonly Row[], row: Row, id: string): Thrown | undefined {
  const own = recorded(row).find((exception) => exception.id === id);
  if (own) return { exception: own, elsewhere: undefined };
  for (const other of rows) {
    const exception = recorded(other).find((exception) => exception.id === id);
    if (exception) return { exception, elsewhere: other };
  }
  return undefined;
}

function recorded(row: Row): readonly Exception[] {
  const { cause } = row.entity;
  return typeof cause === "object" ? (cause.exceptions ?? []) : [];
}
