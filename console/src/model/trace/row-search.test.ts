import { expect, test } from "vitest";
import { LongNumber } from "../exact-json";
import type { Entity } from "./documents";
import { coldRequest, entity } from "./fixture";
import { findRows, nextMatch } from "./row-search";
import { buildTrace } from "./trace";

function found(query: string, documents: readonly Entity[] = coldRequest()): string[] {
  return findRows(buildTrace(documents).rows, query).map((row) => row.key);
}

test("every word of the query must stand in the row, in any case", () => {
  expect(found("dynamodb")).toEqual(["table", "inferred"]);
  expect(found("DynamoDB putitem")).toEqual(["table"]);
  expect(found("AWS::Lambda::function")).toEqual(["function"]);
  expect(found("/prod/orders 201")).toEqual(["stage"]);
  expect(found("nothing of this")).toEqual([]);
});

test("ids are found by how they begin, and not by some digits", () => {
  const documents = [entity("a0977b62ca6868d1", 0, 1, { name: "x", aws: { request_id: "4f00aa97-7b11" } })];
  expect(found("a0977b62", documents)).toEqual(["a0977b62ca6868d1"]);
  expect(found("4F00AA97-7B", documents)).toEqual(["a0977b62ca6868d1"]);
  expect(found("977b", documents)).toEqual([]);
});

test("no words find no rows", () => {
  expect(found("")).toEqual([]);
  expect(found("   ")).toEqual([]);
});

test("annotations, exceptions, SQL and states are searched", () => {
  const documents = [
    entity("a", 0, 1, {
      annotations: { customer: "Ada", total: 9.5, order: new LongNumber("12345678901234567890") },
      aws: { account: new LongNumber("98765432109876543210") },
      subsegments: [
        entity("b", 0, 1, { fault: true, cause: { exceptions: [{ type: "Boom", message: "order 7 is broken" }] } }),
        entity("c", 0, undefined, { sql: { sanitized_query: "SELECT 1" } }),
      ],
    }),
  ];
  expect(found("customer=ada", documents)).toEqual(["a"]);
  expect(found("order=12345678901234567890", documents)).toEqual(["a"]);
  expect(found("98765432109876543210", documents)).toEqual(["a"]);
  expect(found("boom", documents)).toEqual(["b"]);
  expect(found("fault broken", documents)).toEqual(["b"]);
  expect(found("select", documents)).toEqual(["c"]);
  expect(found("in progress", documents)).toEqual(["c"]);
});

test("next and previous go around", () => {
  const { rows, byKey } = buildTrace(coldRequest());
  const matches = findRows(rows, "dynamodb");
  expect(nextMatch(matches, undefined, 1)?.key).toBe("table");
  expect(nextMatch(matches, byKey.get("table"), 1)?.key).toBe("inferred");
  expect(nextMatch(matches, byKey.get("overhead"), 1)?.key).toBe("table");
  expect(nextMatch(matches, byKey.get("table"), -1)?.key).toBe("inferred");
  expect(nextMatch(matches, byKey.get("overhead"), -1)?.key).toBe("inferred");
  expect(nextMatch([], byKey.get("table"), 1)).toBeUndefined();
});
