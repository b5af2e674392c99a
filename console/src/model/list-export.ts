// A list of traces to take along: the commands that ask the same, and files of what was found.

import { DEFAULT_SINCE, type TimeSearch, type Window } from "../app/time";
import { shellWord } from "./shell";
import type { TraceRow } from "./trace-row";

/** The same question as a command of `fluoro`; undefined for a time that it cannot ask for. */
export function fluoroCommand(expression: string, time: TimeSearch, endpoint: string): string | undefined {
  if (time.to !== undefined) return undefined;
  const filter = expression ? ` --filter ${shellWord(expression)}` : "";
  return `fluoro traces --endpoint ${endpoint} --since ${time.since ?? DEFAULT_SINCE}${filter}`;
}

/** A list of traces may span so much, unless the server's settings say otherwise (docs/limits.md). */
const LONGEST_SECONDS = 86_400;

/** The same question as a command of the AWS CLI, without credentials; undefined for more time than one may ask for. */
export function awsSummariesCommand(expression: string, { from, to }: Window, endpoint: string): string | undefined {
  if (to - from > LONGEST_SECONDS) return undefined;
  const filter = expression ? ` --filter-expression ${shellWord(expression)}` : "";
  const where = `--endpoint-url ${endpoint} --region us-east-1 --no-sign-request`;
  return `aws xray get-trace-summaries --start-time ${from} --end-time ${to}${filter} ${where}`;
}

export function jsonOf(rows: readonly TraceRow[]): string {
  return `${JSON.stringify(rows, undefined, 2)}\n`;
}

const FIELDS: Readonly<Record<string, (row: TraceRow) => string | number | boolean | undefined>> = {
  id: ({ id }) => id,
  start: ({ start }) => new Date(start * 1_000).toISOString(),
  result: ({ outcome }) => outcome,
  method: ({ method }) => method,
  url: ({ url }) => url,
  status: ({ status }) => status,
  response_time_seconds: ({ responseTime }) => responseTime,
  duration_seconds: ({ duration }) => duration,
  partial: ({ isPartial }) => isPartial,
  entry_point: ({ entryPoint }) => entryPoint?.name,
  users: ({ users }) => users.join(" "),
  annotations: ({ annotations }) => annotations.map(({ key, value }) => `${key}=${value}`).join(" "),
};

/** As RFC 4180 has it, with the names of the fields first. */
export function csvOf(rows: readonly TraceRow[]): string {
  const lines = rows.map((row) => Object.values(FIELDS).map((of) => csvField(of(row))));
  return [Object.keys(FIELDS), ...lines].map((fields) => `${fields.join(",")}\r\n`).join("");
}

function csvField(value: string | number | boolean | undefined): string {
  const text = value === undefined ? "" : String(value);
  // What a spreadsheet would take for a formula came from a request, and is none.
  const inert = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
