import { expect, test } from "vitest";
import { rowThatRecorded } from "./errors-stack";
import { entity } from "./trace/fixture";
import { buildTrace } from "./trace/trace";

test("an exception is where it was recorded, not where it is only referred to", () => {
  const thrown = { id: "e".repeat(16), type: "KeyError", message: "id" };
  const part = entity("b", 1, 2, { cause: { exceptions: [thrown] } });
  const { rows } = buildTrace([entity("a", 0, 3, { cause: thrown.id, subsegments: [part] })]);
  expect(rowThatRecorded(rows, { name: "KeyError", message: "id" })?.entity.id).toBe(part.id);
  expect(rowThatRecorded(rows, { name: "KeyError", message: "other" })).toBeUndefined();
});
