// What stages and functions handled, sampled or not, as pages share it.

import { queryOptions } from "@tanstack/react-query";
import { statistics } from "./fluoro-api";

/** Of what, and how far back: an hour at most. */
export interface StatisticsOf {
  readonly since: string;
  readonly api?: string;
  readonly function?: string;
}

export function statisticsQuery(of: StatisticsOf) {
  return queryOptions({
    queryKey: ["statistics", of],
    queryFn: ({ signal }) => statistics(of, signal),
    refetchInterval: 5_000,
  });
}
