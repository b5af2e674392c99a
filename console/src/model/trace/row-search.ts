// Finding rows by what is written in them.

import { LongNumber } from "../exact-json";
import type { Cause } from "./documents";
import type { Row } from "./trace";

/** Less of an id is no more than chance: hexadecimal digits are everywhere. */
const ID_AT_LEAST = 8;

/** The rows in which every word of the query stands, in any case, in order. Ids are found by how they begin. */
export function findRows(rows: readonly Row[], query: string): Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  return rows.filter((row) => {
    const text = textOf(row);
    return words.every((word) => text.includes(word) || isIdOf(row, word));
  });
}

function isIdOf({ entity }: Row, word: string): boolean {
  if (word.length < ID_AT_LEAST) return false;
  return [entity.id, entity.aws?.["request_id"]].some(
    (id) => typeof id === "string" && id.toLowerCase().startsWith(word),
  );
}

/** The match to go to from here; around the end it goes on at the other. */
export function nextMatch(matches: readonly Row[], from: Row | undefined, step: 1 | -1): Row | undefined {
  const here = from?.index ?? -1;
  if (step === 1) return matches.find((row) => row.index > here) ?? matches[0];
  return matches.findLast((row) => row.index < here) ?? matches.at(-1);
}

// A row's text is put together once, and forgotten with the row.
const texts = new WeakMap<Row, string>();

function textOf(row: Row): string {
  const known = texts.get(row);
  if (known !== undefined) return known;
  const { entity } = row;
  const pieces: unknown[] = [
    entity.name,
    entity.origin,
    entity.namespace,
    entity.user,
    entity.resource_arn,
    entity.http?.request?.method,
    entity.http?.request?.url,
    entity.http?.response?.status,
    ...values(entity.aws),
    ...values(entity.sql),
    ...Object.entries(entity.annotations ?? {}).map(([key, value]) => `${key}=${value}`),
    ...exceptions(entity.cause),
    row.outcome === "ok" ? undefined : row.outcome,
    row.kind === "inferred" ? "inferred" : undefined,
    row.open ? "in progress" : undefined,
  ];
  const text = pieces
    .filter((piece) => piece !== undefined)
    .join("\n")
    .toLowerCase();
  texts.set(row, text);
  return text;
}

/** Texts and numbers of a block, one level deep: what lies deeper is found in the details. */
function values(block: Readonly<Record<string, unknown>> | undefined): unknown[] {
  return Object.entries(block ?? {}).flatMap(([key, value]) =>
    key !== "request_id" && (typeof value === "string" || typeof value === "number" || value instanceof LongNumber)
      ? [value]
      : [],
  );
}

function exceptions(cause: Cause | string | undefined): (string | undefined)[] {
  if (cause === undefined || typeof cause === "string") return [];
  return (cause.exceptions ?? []).flatMap((exception) => [exception.type, exception.message]);
}
