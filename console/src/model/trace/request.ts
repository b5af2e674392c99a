// What a trace is about as a whole: the request that began it, the functions that ran, the traces it is linked to.

import { textAt } from "./documents";
import type { Row, Trace } from "./trace";

export interface Request {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly status: number | undefined;
}

/** The root's request; of a root that tells none, the first that is told of. */
export function requestOf(trace: Trace): Request {
  const told = (row: Row) => row.entity.http?.request?.url !== undefined;
  const row = trace.root && (told(trace.root) ? trace.root : (trace.rows.find(told) ?? trace.root));
  return {
    method: row?.entity.http?.request?.method,
    url: row?.entity.http?.request?.url,
    status: trace.root?.entity.http?.response?.status,
  };
}

/** Names of the functions whose segments are there. */
export function functionsOf(rows: readonly Row[]): readonly string[] {
  const names = rows.filter(isFunction).map((row) => row.entity.name);
  return [...new Set(names)];
}

/** Whether a row is Lambda's own or a function's segment, reported and not inferred. */
export function isFunction(row: Row): boolean {
  const { origin } = row.entity;
  return row.kind === "segment" && (origin === "AWS::Lambda" || origin === "AWS::Lambda::Function");
}

export interface LinkedTrace {
  readonly traceId: string;
  readonly segmentId: string | undefined;
  /** The row that names it. */
  readonly row: Row;
  /** The linked trace led to this one, or came of it; unknown when the link does not say. */
  readonly relation: "parent" | "child" | undefined;
}

export function linkedTraces(rows: readonly Row[]): readonly LinkedTrace[] {
  return rows.flatMap((row) =>
    (row.entity.links ?? []).map((link) => {
      const type = textAt(link.attributes, "aws.xray.reserved.reference_type");
      const relation = type === "parent" || type === "child" ? type : undefined;
      return { traceId: link.trace_id, segmentId: link.id, row, relation };
    }),
  );
}
