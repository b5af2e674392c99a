// Why a trace was recorded, as its own documents say: Fluoro's gateway writes its decision down, SDKs name their rule.

import type { Entity } from "./documents";
import { at, textAt } from "./documents";

export function samplingNote(root: Entity): string | undefined {
  const kept = textAt(root.metadata, "fluoro", "kept");
  if (kept !== undefined) {
    return `Not sampled; recorded afterwards because it ${kept === "slow" ? "was slow" : "failed"}`;
  }
  const decision = at(root.metadata, "fluoro", "sampling");
  const by = textAt(decision, "by") ?? textAt(decision, "how", "by");
  const rule = textAt(decision, "rule") ?? textAt(decision, "how", "rule");
  if (by !== undefined) return `Sampled ${wordsFor(by, rule)}`;
  const sdkRule = textAt(root.aws, "xray", "sampling_rule_name") ?? textAt(root.aws, "xray", "rule_name");
  return sdkRule === undefined ? undefined : `Sampled by rule ${sdkRule}, as its sender says`;
}

function wordsFor(by: string, rule: string | undefined): string {
  switch (by) {
    case "header":
      return "because the caller’s trace header said so";
    case "lambda":
      return "by Lambda’s own sampler";
    case "reservoir":
    case "rate":
    case "boost":
      return rule === undefined ? `by a ${by}` : `by the ${by} of rule ${rule}`;
    default:
      return rule === undefined ? `by ${by}` : `by ${by} of rule ${rule}`;
  }
}
