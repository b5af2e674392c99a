import { expect, test } from "vitest";
import { edgeKey, nodeKey } from "../graph";
import { epochSeconds } from "../units";
import { analyse, readDocuments } from "./analysis";
import { entity, T0 } from "./fixture";
// What BatchGetTraces gave out of the orders example's first request: `POST /orders`.
import recorded from "./recorded.json";
import { kindLabel } from "./row-label";
import { rowsBehind } from "./row-node";

const { entities } = readDocuments(recorded.map((document) => JSON.stringify(document)));
const { trace, self, path, waits } = analyse(entities);
const FUNCTION = "orders-Intake-R6MO3G3WMEYJ";

function milliseconds(value: number): number {
  return Math.round(value * 1e3);
}

test("a recorded request reads from the stage down to the calls of its function", () => {
  const lines = trace.rows.map((row) => `${"  ".repeat(row.depth)}${row.entity.name} [${kindLabel(row)}]`);
  expect(lines).toEqual([
    "orders/Prod [API Gateway stage]",
    "  Lambda [Invoke]",
    `    ${FUNCTION} [Lambda service]`,
    `      ${FUNCTION} [Lambda function]`,
    "        Initialization []",
    "        Invocation []",
    "          price the basket []",
    "          dynamodb [PutItem]",
    "            dynamodb [DynamoDB table]",
    "          sqs [SendMessage]",
    "            sqs [SQS queue]",
    "              QueueTime []",
    "        Overhead []",
  ]);
  expect(trace.rows.flatMap((row) => row.oddities)).toEqual([]);
});

test("its time is the cold start's, and is all accounted for", () => {
  expect(milliseconds(trace.duration)).toBe(4701);
  expect([milliseconds(waits.coldStart), milliseconds(waits.queue)]).toEqual([4630, 9]);
  const critical = [...path.times.values()].reduce((sum, time) => sum + time, 0);
  expect(milliseconds(critical)).toBe(4701);
  // Nothing runs beside anything else here, so the parts add up to the whole; and the function's overhead goes on for a
  // millisecond after Lambda's answer.
  expect(milliseconds(self.reduce((sum, time) => sum + time, 0))).toBe(4702);
});

test("the nodes of its graph are made of its rows", () => {
  const lambda = nodeKey(FUNCTION, "AWS::Lambda::Function");
  const table = nodeKey("orders-OrdersTable-5ZGPRTEU42UB", "AWS::DynamoDB::Table");
  const names = (rows: readonly { entity: { origin?: string } }[]) => rows.map((row) => row.entity.origin);
  expect(names(rowsBehind(trace.rows, { kind: "node", key: table }))).toEqual(["AWS::DynamoDB::Table"]);
  const edge = { kind: "edge", key: edgeKey(lambda, table) } as const;
  expect(names(rowsBehind(trace.rows, edge))).toEqual(["AWS::DynamoDB::Table"]);
});

test("text that is no segment is counted, not shown", () => {
  const texts = ["", "[]", "{}", '{"id": 1}', undefined, JSON.stringify(entity("a", 0, 1))];
  const documents = readDocuments(texts);
  expect([documents.entities.length, documents.unreadable]).toEqual([1, 5]);
});

test("while something goes on, it goes on until now", () => {
  const { trace } = analyse([entity("a", 0, undefined)], epochSeconds(T0 + 3));
  expect(trace.duration).toBe(3);
});
