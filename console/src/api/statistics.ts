// What stages and functions handled, sampled or not, as pages share it.

import { queryOptions } from "@tanstack/react-query";
import { type StatisticsQuery, statistics } from "./fluoro-api";

export function statisticsQuery(of: StatisticsQuery) {
  return queryOptions({
    queryKey: ["statistics", of],
    queryFn: ({ signal }) => statistics(of, signal),
    refetchInterval: 5_000,
  });
}
