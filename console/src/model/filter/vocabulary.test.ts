import { expect, test } from "vitest";
import { rowOf, type TraceRow } from "../trace-row";
import { VocabularyBuilder } from "./vocabulary";

function annotated(id: number, keys: readonly string[]): readonly TraceRow[] {
  const Annotations = Object.fromEntries(keys.map((key) => [key, [{ AnnotationValue: { StringValue: "x" } }]]));
  return [rowOf({ Id: String(id), StartTime: 1, Annotations }) ?? []].flat();
}

test("keys that no two traces share do not fill the memory", () => {
  const builder = new VocabularyBuilder();
  for (let id = 0; id < 2_000; id += 1) builder.add(annotated(id, [`key${id}`]));
  expect(builder.vocabulary([]).annotations.size).toBeLessThanOrEqual(500);
});
