// What the console has asked the server and been told: one cache for all pages.

import { QueryClient } from "@tanstack/react-query";
import { isRetryable } from "../api/operation";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The server may be on this machine: that there is no network says nothing about it.
      networkMode: "always",
      staleTime: 2_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => isRetryable(error) && count < 3,
    },
    mutations: { networkMode: "always" },
  },
});

/** A server on this machine answers sooner. */
const PATIENCE_MS = 100;

/**
 * Waits, but not long, for what a page has been asked for before it is there: with its answer the page is drawn once,
 * without it twice.
 */
export async function awaitBriefly(answer: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise((over) => {
    timer = setTimeout(over, PATIENCE_MS);
  });
  await Promise.race([answer, patience]);
  clearTimeout(timer);
}
