// What the URL of the Traces page says.

import { readTime, type TimeSearch } from "../../app/time";

export interface TracesSearch extends TimeSearch {
  filter?: string;
  group?: string;
  /** Follows what happens. */
  live?: true;
  /** A column's id, after `-` for its greatest first; newest first unless said. */
  sort?: string;
  /** Of the list; the first when absent. */
  page?: number;
  /** Of the response times; logarithmic unless said. */
  scale?: "linear";
}

export function readTraces(search: Record<string, unknown>): TracesSearch {
  const { filter, group, live, sort, page, scale } = search;
  return {
    ...readTime(search),
    ...(typeof filter === "string" && filter.trim() ? { filter } : {}),
    ...(typeof group === "string" && group ? { group } : {}),
    ...(live === true ? { live } : {}),
    ...(typeof sort === "string" && /^-?[a-z]+$/.test(sort) ? { sort } : {}),
    ...(typeof page === "number" && Number.isSafeInteger(page) && page > 1 ? { page } : {}),
    ...(scale === "linear" ? { scale } : {}),
  };
}
