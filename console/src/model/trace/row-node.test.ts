import { expect, test } from "vitest";
import { edgeKey, nodeKey } from "../graph";
import { coldRequest, entity } from "./fixture";
import { rowsBehind } from "./row-node";
import { buildTrace } from "./trace";

const { rows } = buildTrace([
  ...coldRequest().map((one) =>
    one.id === "inferred" ? { ...one, aws: { operation: "PutItem", resource_names: ["orders"] } } : one,
  ),
  entity("shop", 0, 1, {
    parent_id: "nobody",
    subsegments: [
      entity("sql", 0, 0.5, { name: "db@host", namespace: "remote", sql: { user: "me" } }),
      entity("http", 0.5, 1, { name: "pay.test", namespace: "remote" }),
    ],
  }),
  entity("db", 0, 0.5, { name: "db@host", inferred: true, parent_id: "sql" }),
  entity("pay", 0.5, 1, { name: "pay.test", inferred: true, parent_id: "http" }),
]);

function behind(name: string, type: string | undefined): string[] {
  return rowsBehind(rows, { kind: "node", key: nodeKey(name, type) }).map((row) => row.key);
}

test("nodes are told apart by name and type", () => {
  expect(behind("intake", "AWS::Lambda")).toEqual(["lambda"]);
  expect(behind("intake", "AWS::Lambda::Function")).toEqual(["function"]);
  expect(behind("shop", undefined)).toEqual(["shop"]);
  expect(behind("intake", undefined)).toEqual([]);
});

test("what was inferred from a call is named as the graph names it", () => {
  expect(behind("orders", "AWS::DynamoDB::Table")).toEqual(["inferred"]);
  expect(behind("db@host", "Database::SQL")).toEqual(["db"]);
  expect(behind("pay.test", "remote")).toEqual(["pay"]);
});

test("a client stands for the requests that came from it", () => {
  expect(behind("orders-api/Prod", "client")).toEqual(["stage"]);
  // Of what called it nothing is known, least of all that it was a client.
  expect(behind("shop", "client")).toEqual([]);
});

test("an edge leads to the segments that its caller asked for", () => {
  const between = (from: readonly [string, string], to: readonly [string, string]) => {
    const key = edgeKey(nodeKey(...from), nodeKey(...to));
    return rowsBehind(rows, { kind: "edge", key }).map((row) => row.key);
  };
  const stage = ["orders-api/Prod", "AWS::ApiGateway::Stage"] as const;
  expect(between(["orders-api/Prod", "client"], stage)).toEqual(["stage"]);
  expect(between(stage, ["intake", "AWS::Lambda"])).toEqual(["lambda"]);
  expect(between(["intake", "AWS::Lambda::Function"], ["orders", "AWS::DynamoDB::Table"])).toEqual(["inferred"]);
  expect(between(stage, ["orders", "AWS::DynamoDB::Table"])).toEqual([]);
});
