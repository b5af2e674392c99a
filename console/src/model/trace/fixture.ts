// Documents for tests: an API's request as Fluoro records it, and single entities.

import type { Entity } from "./documents";

/** A round moment, so that offsets in tests are readable. */
export const T0 = 1_790_000_000;

export function entity(id: string, from: number, to: number | undefined, rest: Partial<Entity> = {}): Entity {
  const end = to === undefined ? { in_progress: true } : { end_time: T0 + to };
  return { id, name: id, start_time: T0 + from, ...end, ...rest };
}

/**
 * A stage that calls a function, which starts first (0.1 to 0.4), works (0.45 to 0.9) and asks a table (0.5 to 0.7).
 * Lambda accepted the call at 0.05.
 */
export function coldRequest(): Entity[] {
  const call = entity("table", 0.5, 0.7, {
    name: "DynamoDB",
    namespace: "aws",
    aws: { operation: "PutItem", table_name: "orders", resource_names: ["orders"] },
  });
  return [
    entity("stage", 0, 1, {
      name: "orders-api/Prod",
      origin: "AWS::ApiGateway::Stage",
      http: { request: { method: "POST", url: "http://h/Prod/orders" }, response: { status: 201 } },
      subsegments: [entity("call", 0.05, 0.95, { name: "Lambda", namespace: "aws" })],
    }),
    entity("lambda", 0.05, 0.95, { name: "intake", origin: "AWS::Lambda", parent_id: "call" }),
    entity("function", 0.45, 0.92, {
      name: "intake",
      origin: "AWS::Lambda::Function",
      parent_id: "lambda",
      subsegments: [
        entity("init", 0.1, 0.4, { name: "Initialization" }),
        entity("invocation", 0.45, 0.9, { name: "Invocation", subsegments: [call] }),
        entity("overhead", 0.9, 0.92, { name: "Overhead" }),
      ],
    }),
    entity("inferred", 0.5, 0.7, {
      name: "DynamoDB",
      parent_id: "table",
      inferred: true,
      origin: "AWS::DynamoDB::Table",
    }),
  ];
}
