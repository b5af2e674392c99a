// What a row is, in a word or two beside its name.

import { kindOf } from "../graph-kind";
import { textAt } from "./documents";
import type { Row } from "./trace";

/** What its origin is called; of calls the operation; else where the row comes from. */
export function kindLabel(row: Row): string {
  const { entity } = row;
  if (entity.origin !== undefined) return kindOf(entity.origin).label;
  const operation = textAt(entity.aws, "operation");
  if (operation !== undefined) return operation;
  if (entity.sql !== undefined) return "SQL";
  if (row.kind === "inferred") return "Remote service";
  if (row.kind === "segment") return "Segment";
  return entity.namespace === "remote" ? "Call" : "";
}

/** What a call was about: its table, queue, topic, bucket or function. */
export function resourceOf(row: Row): string | undefined {
  const names = row.entity.aws?.["resource_names"];
  const first: unknown = Array.isArray(names) ? names[0] : undefined;
  return typeof first === "string" && first !== row.entity.name ? lastPart(first) : undefined;
}

/** Of a queue's URL or a topic's ARN, the name. */
function lastPart(name: string): string {
  return name.split(/[/:]/).at(-1) || name;
}
