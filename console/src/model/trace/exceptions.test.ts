import { expect, test } from "vitest";
import type { Cause, Entity, Exception } from "./documents";
import { exceptionsOf, type RowExceptions } from "./exceptions";
import { entity } from "./fixture";
import { buildTrace } from "./trace";

function of(key: string, documents: readonly Entity[]): RowExceptions {
  const { rows, byKey } = buildTrace(documents);
  const row = byKey.get(key);
  if (!row) throw new Error(`the trace has no row ${key}`);
  return exceptionsOf(rows, row);
}

function told({ chains }: RowExceptions): string[] {
  return chains.map((chain) =>
    chain.map(({ exception, elsewhere }) => `${exception.type}${elsewhere ? ` in ${elsewhere.key}` : ""}`).join(" < "),
  );
}

function cause(...exceptions: readonly Exception[]): Cause {
  return { exceptions };
}

test("an exception stands before what caused it, wherever the list has them", () => {
  const thrown = cause(
    { id: "2", type: "Refused", cause: "3" },
    { id: "1", type: "Unavailable", cause: "2" },
    { id: "3", type: "Reset" },
    { id: "4", type: "Other" },
  );
  expect(told(of("a", [entity("a", 0, 1, { cause: thrown })]))).toEqual(["Unavailable < Refused < Reset", "Other"]);
});

test("a reference is followed to whoever recorded the exception", () => {
  const documents = [
    entity("a", 0, 1, {
      cause: "77",
      subsegments: [
        entity("b", 0, 1, { cause: cause({ id: "77", type: "Boom", cause: "78" }, { id: "78", type: "Root" }) }),
      ],
    }),
  ];
  expect(told(of("a", documents))).toEqual(["Boom in b < Root in b"]);
});

test("a reference to nothing says so", () => {
  expect(of("a", [entity("a", 0, 1, { cause: "77" })])).toEqual({ chains: [], missing: "77" });
});

test("exceptions that cause each other end", () => {
  const circle = cause({ id: "1", type: "A", cause: "2" }, { id: "2", type: "B", cause: "1" });
  expect(told(of("a", [entity("a", 0, 1, { cause: circle })]))).toEqual(["A < B"]);
});

test("no cause, no exceptions", () => {
  expect(of("a", [entity("a", 0, 1)])).toEqual({ chains: [], missing: undefined });
  expect(of("a", [entity("a", 0, 1, { cause: {} })])).toEqual({ chains: [], missing: undefined });
});
