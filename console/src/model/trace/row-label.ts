// What a row is, in a word or two beside its name.

import { textAt } from "./documents";
import type { Row } from "./trace";

/** AWS's type without what every type begins with; for calls the operation; else where the row comes from. */
export function kindLabel(row: Row): string {
  const { entity } = row;
  if (entity.origin !== undefined) return entity.origin.replace(/^AWS::/, "").replaceAll("::", " ");
  const operation = textAt(entity.aws, "operation");
  if (operation !== undefined) return operation;
  if (entity.sql !== undefined) return "SQL";
  if (row.kind === "inferred") return "Remote";
  if (row.kind === "segment") return "Segment";
  return entity.namespace === "remote" ? "Call" : "";
}

/** What a call was about: its table, queue, topic, bucket or function. */
export function resourceOf(row: Row): string | undefined {
  const names = row.entity.aws?.["resource_names"];
  const first: unknown = Array.isArray(names) ? names[0] : undefined;
  if (typeof first !== "string" || first === row.entity.name) return undefined;
  return first.split(/[/:]/).at(-1) || first;
}
