import { afterEach, expect, test, vi } from "vitest";
import { lines } from "./lines";
import { ApiError } from "./operation";

afterEach(() => vi.unstubAllGlobals());

/** Lets the server answer with these pieces, and then as `end` says. */
function answers(pieces: readonly string[], status = 200, end: "closed" | "open" = "closed"): void {
  const encoder = new TextEncoder();
  vi.stubGlobal("fetch", async (_: string, { signal }: RequestInit) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(encoder.encode(piece));
        if (end === "closed") controller.close();
        signal?.addEventListener("abort", () => controller.error(signal.reason));
      },
    });
    return new Response(body, { status });
  });
}

async function all(signal = new AbortController().signal): Promise<unknown[]> {
  const found = [];
  for await (const line of lines("x", signal)) found.push(line);
  return found;
}

test("documents are whole, however the answer is cut", async () => {
  answers(['{"a":1}\n{"b":', '"é"}', '\n{"c":3}\n']);
  expect(await all()).toEqual([{ a: 1 }, { b: "é" }, { c: 3 }]);
});

test("what has no line feed yet is not there yet", async () => {
  answers(['{"a":1}\n{"b":2']);
  expect(await all()).toEqual([{ a: 1 }]);
});

test("who does not want any more ends it without an error", async () => {
  answers(['{"a":1}\n'], 200, "open");
  const wanted = new AbortController();
  const found = [];
  for await (const line of lines("x", wanted.signal)) {
    found.push(line);
    wanted.abort();
  }
  expect(found).toEqual([{ a: 1 }]);
});

test("a refusal is an error that says why", async () => {
  answers(['{"error":{"code":"BadFilter","message":"at 7: expected a value"}}'], 400);
  const refused = await all().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ApiError);
  expect(refused).toMatchObject({ code: "BadFilter", status: 400 });
});
