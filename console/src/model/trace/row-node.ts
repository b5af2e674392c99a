// Which rows of a trace stand behind a node or an edge of its graph.

import { edgeKey, type GraphSelection, type NodeKey, nodeKey } from "../graph";
import { textAt } from "./documents";
import type { Row } from "./trace";

/** The segments of a node, or those to which an edge leads: reported ones, or inferred from calls. */
export function rowsBehind(rows: readonly Row[], selection: GraphSelection): readonly Row[] {
  const segments = rows.filter((row) => row.kind !== "subsegment");
  if (selection.kind === "edge") return segments.filter((row) => edgeTo(rows, row) === selection.key);
  return segments.filter((row) => nodeOf(rows, row) === selection.key || clientOf(row) === selection.key);
}

function edgeTo(rows: readonly Row[], row: Row): string | undefined {
  const caller = row.parent === undefined ? undefined : rows[row.parent];
  const segment = caller && rows[caller.segment];
  const from = segment ? nodeOf(rows, segment) : clientOf(row);
  return from && edgeKey(from, nodeOf(rows, row));
}

/** The caller of a request that came from outside: X-Ray draws a client with the entry's name. */
function clientOf(row: Row): NodeKey | undefined {
  return row.depth === 0 && row.entity.parent_id === undefined ? nodeKey(row.entity.name, "client") : undefined;
}

/**
 * A reported segment is its name and origin. One inferred from a call to AWS is named for the resource, where that is
 * known; from another call it has the call's name. Source: X-Ray developer guide, service graph.
 */
function nodeOf(rows: readonly Row[], row: Row): NodeKey {
  const { name, origin, aws } = row.entity;
  if (row.kind !== "inferred") return nodeKey(name, origin);
  if (origin !== undefined) return nodeKey(resourceName(aws) ?? name, origin);
  const call = row.parent === undefined ? undefined : rows[row.parent];
  return nodeKey(name, call?.entity.sql ? "Database::SQL" : "remote");
}

function resourceName(aws: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const names = aws?.["resource_names"];
  return Array.isArray(names) ? textAt({ name: names[0] as unknown }, "name") : undefined;
}
