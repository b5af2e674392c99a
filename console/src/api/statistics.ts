// What stages and functions handled, sampled or not (`GET /_fluoro/statistics`).

import { queryOptions } from "@tanstack/react-query";
import type { Statistics } from "../model/traffic";
import { own } from "./operation";

/** Of what, and how far back: an hour at most. */
export interface StatisticsOf {
  readonly since: string;
  readonly api?: string;
  readonly function?: string;
}

export function statisticsQuery(of: StatisticsOf) {
  return queryOptions({
    queryKey: ["statistics", of],
    queryFn: ({ signal }) => own<Statistics>(`statistics?${new URLSearchParams({ ...of })}`, { signal }),
    refetchInterval: 5_000,
  });
}
