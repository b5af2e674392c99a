// Answers that go on: one JSON document a line, as the server has news.

import { failure, reached } from "./operation";

/**
 * The documents of an answer of our own API, as they come. Ends with the answer, or when the signal is aborted. `onOpen`
 * is called once the server has begun to answer: from then on nothing is missed.
 */
export async function* lines<Line>(path: string, signal: AbortSignal, onOpen?: () => void): AsyncGenerator<Line> {
  try {
    const response = await reached(`/_fluoro/${path}`, { signal });
    if (!response.ok) throw failure(response, await response.text());
    onOpen?.();
    if (!response.body) return;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + value).split("\n");
      // What stands behind the last line feed is not whole yet.
      rest = parts.pop() ?? "";
      for (const part of parts) yield JSON.parse(part) as Line;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
