import { afterEach, expect, test, vi } from "vitest";
import { follow } from "./use-log";

type Followed = { lines: readonly { text: string }[]; error: unknown };

/** What is shown while the server answers like this, one time after the other. */
function following(...answers: readonly (() => Response)[]) {
  const waiting = [...answers];
  vi.stubGlobal("fetch", async () => (waiting.shift() ?? (() => new Response(new ReadableStream())))());
  const stop = new AbortController();
  const shown: Followed[] = [{ lines: [], error: undefined }];
  const ended = follow(
    "greeter",
    (change) => {
      const before = shown.at(-1);
      if (before) shown.push(typeof change === "function" ? change(before as never) : change);
    },
    stop.signal,
  );
  const end = async () => {
    stop.abort();
    await ended;
  };
  return { texts: () => shown.at(-1)?.lines.map(({ text }) => text), error: () => shown.at(-1)?.error, ended, end };
}

function line(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify({ at: 1, stream: "stdout", text })}\n`);
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a connection that breaks empties nothing, and is made anew", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let connection: ReadableStreamDefaultController<Uint8Array> | undefined;
  const start = (made: typeof connection) => {
    connection = made;
  };
  const broken = () => new Response(new ReadableStream<Uint8Array>({ start }));
  const { texts, error, end } = following(broken, () => new Response(line("again")));
  await vi.waitFor(() => expect(connection).toBeDefined());
  connection?.enqueue(line("first"));
  await vi.advanceTimersByTimeAsync(60);
  expect(texts()).toEqual(["first"]);
  connection?.error(new TypeError("network error"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect([texts(), error()]).toEqual([["first"], undefined]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(texts()).toEqual(["again"]);
  await end();
});

test("what the server refuses ends it", async () => {
  const refused = () => Response.json({ error: { code: "NotFound", message: "no such function" } }, { status: 404 });
  const { error, ended } = following(refused);
  await ended;
  expect(error()).toMatchObject({ code: "NotFound" });
});
