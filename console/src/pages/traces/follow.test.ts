import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { epochSeconds } from "../../model/units";
import { follow } from "./follow";

/** The server: what it is asked, and what it tells. */
interface Server {
  /** Windows of GetTraceSummaries that were asked for. */
  readonly asked: { readonly StartTime: number; readonly EndTime: number; readonly FilterExpression?: string }[];
  /** Connections of those who follow, in order. */
  readonly connections: ReadableStreamDefaultController<Uint8Array>[];
  /** What GetTraceSummaries answers; a refusal while undefined. */
  found: readonly string[] | undefined;
}

let server: Server;

beforeEach(() => {
  server = { asked: [], connections: [], found: [] };
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    if (url.startsWith("/_fluoro/traces?follow=true")) {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          server.connections.push(controller);
          init.signal?.addEventListener("abort", () => controller.error(init.signal?.reason));
        },
      });
      return new Response(body);
    }
    server.asked.push(JSON.parse(String(init.body)));
    if (!server.found) return Response.json({ message: "Slow down" }, { status: 400 });
    return Response.json({ TraceSummaries: server.found.map(summary), NextToken: null });
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function summary(Id: string) {
  return { Id, StartTime: 1, Revision: 1, Http: null, Annotations: {} };
}

function tell(connection: number, news: object): void {
  server.connections[connection]?.enqueue(new TextEncoder().encode(`${JSON.stringify(news)}\n`));
}

/** A moment ago, since when all is told. */
const SINCE = Math.floor(Date.now() / 1_000) - 60;

function following(since = SINCE) {
  const stop = new AbortController();
  const ids: string[] = [];
  const troubles: (string | undefined)[] = [];
  const ended = follow("fault", epochSeconds(since), stop.signal, {
    onRows: (rows) => ids.push(...rows.map(({ id }) => id)),
    onTrouble: (error) => troubles.push(error?.message),
  });
  const end = async () => {
    stop.abort();
    await ended;
  };
  return { ids, troubles, end };
}

test("what came before the connection is asked for once it stands, then all is told", async () => {
  server.found = ["before"];
  const { ids, end } = following();
  await vi.waitFor(() => expect(ids).toEqual(["before"]));
  expect(server.asked).toMatchObject([{ StartTime: SINCE - 3, FilterExpression: "fault" }]);
  tell(0, { summary: summary("told") });
  await vi.waitFor(() => expect(ids).toEqual(["before", "told"]));
  expect(server.asked).toHaveLength(1);
  await end();
});

test("what went by unseen is asked for", async () => {
  const { ids, end } = following();
  await vi.waitFor(() => expect(server.asked).toHaveLength(1));
  server.found = ["missed"];
  tell(0, { skipped: 3 });
  await vi.waitFor(() => expect(ids).toEqual(["missed"]));
  await end();
});

test("a connection that breaks is made anew, and what came meanwhile asked for", async () => {
  const { ids, troubles, end } = following();
  await vi.waitFor(() => expect(server.asked).toHaveLength(1));
  server.found = ["meanwhile"];
  server.connections[0]?.error(new TypeError("network error"));
  await vi.waitFor(() => expect(ids).toEqual(["meanwhile"]), { timeout: 5_000 });
  expect(server.connections).toHaveLength(2);
  expect(troubles.filter(Boolean)).toEqual(["network error"]);
  expect(troubles.at(-1)).toBeUndefined();
  await end();
});

test("a gap that cannot be filled is told, and tried again from where it began", async () => {
  server.found = undefined;
  const { ids, troubles, end } = following();
  await vi.waitFor(() => expect(troubles).toContain("Slow down"));
  server.found = ["gap"];
  await vi.waitFor(() => expect(ids).toContain("gap"), { timeout: 5_000 });
  expect(new Set(server.asked.map(({ StartTime }) => StartTime))).toEqual(new Set([SINCE - 3]));
  await end();
});

test("of a gap that is longer than one question may span, the end is asked for", async () => {
  const { end } = following(SINCE - 30 * 3_600);
  await vi.waitFor(() => expect(server.asked).toHaveLength(1));
  const [{ StartTime = 0, EndTime = 0 } = {}] = server.asked;
  expect(EndTime - StartTime).toBeCloseTo(6 * 3_600);
  await end();
});
