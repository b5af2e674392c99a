// What a page does that needs the answers of several queries.

import type { UseQueryResult } from "@tanstack/react-query";

/**
 * Why one of them has nothing to show, and how to ask those that failed again; undefined when none failed. What was
 * there before a query failed stays: somebody may be typing beside it.
 */
export function failureOf(
  ...queries: readonly UseQueryResult<unknown>[]
): { readonly error: Error; readonly retry: () => void } | undefined {
  const failed = queries.filter((query) => query.isLoadingError);
  const error = failed[0]?.error;
  return error && { error, retry: () => failed.forEach((query) => void query.refetch()) };
}
