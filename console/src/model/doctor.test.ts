import { expect, test } from "vitest";
import { type Class, chosen, clientsOf, type Door, type LedgerLine, verdictOf } from "./doctor";

function line(client: string, of: Class, count: number, cause: string = of, door: Door | null = "daemon"): LedgerLine {
  return { door, client, class: of, cause, count, mend: "" };
}

const TOTALS = { received: 9, sent: 9, spilled_over: 0, rejected: 0, connection_errors: 0, latest: 0 };

const LINES = [
  line("shop", "received", 100),
  line("cart", "received", 10),
  line("cart", "trimmed", 2),
  line("cart", "refused", 1, "InvalidId"),
  line("cart", "refused", 3, "MissingName"),
  line("cart", "received", 5, "received", "put_trace_segments"),
  line("slow", "received", 1),
  line("slow", "orphaned", 1),
];

test("clients in trouble come first, each door by itself", () => {
  const clients = clientsOf(LINES);
  expect(clients.map(({ name, door, health }) => [name, door, health])).toEqual([
    ["cart", "daemon", "lost"],
    ["slow", "daemon", "flawed"],
    ["shop", "daemon", "well"],
    ["cart", "put_trace_segments", "well"],
  ]);
  expect(clients[0]?.findings.map(({ cause }) => cause)).toEqual(["MissingName", "InvalidId", "trimmed"]);
  expect(clients[0]?.counts).toMatchObject({ received: 10, refused: 4, trimmed: 2, dropped: 0 });
});

test("clients are chosen by class and name", () => {
  const clients = clientsOf(LINES);
  expect(chosen(clients, "orphaned", "").map(({ name }) => name)).toEqual(["slow"]);
  expect(chosen(clients, undefined, " CA ").map(({ name }) => name)).toEqual(["cart", "cart"]);
});

test("what rules do not sample is no trouble", () => {
  const lines = [line("shop", "received", 1), line("shop", "unsampled", 99)];
  expect(verdictOf({ lines, daemons: [] })).toMatchObject({ health: "well", received: 1, inTrouble: 0 });
});

test("traces whose time is over are no trouble, those that a limit lets go need attention", () => {
  const stored = (cause: string) => line("stored traces", "dropped", 5, cause, null);
  const of = (cause: string) => verdictOf({ lines: [stored(cause)], daemons: [] }).health;
  expect(of("older than the retention")).toBe("well");
  expect(of("store size limit")).toBe("flawed");
  expect(of("store failed")).toBe("lost");
});

test("the verdict is as bad as the worst of the clients", () => {
  expect(verdictOf({ lines: LINES, daemons: [] })).toMatchObject({ health: "lost", inTrouble: 2 });
  expect(verdictOf({ lines: [], daemons: [] }).health).toBe("nothing");
});

test("a daemon elsewhere that loses segments is trouble", () => {
  const daemons = [{ sender: "host", totals: { ...TOTALS, spilled_over: 4 } }];
  expect(verdictOf({ lines: [line("shop", "received", 1)], daemons })).toMatchObject({ health: "lost", inTrouble: 1 });
});
