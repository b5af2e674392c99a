// What the URL of the Traces page says.

import { readTime, type TimeSearch } from "../../app/time";

export interface TracesSearch extends TimeSearch {
  filter?: string;
  group?: string;
  /** Follows what happens. */
  live?: true;
  /** A column's id, after `-` for its greatest first; newest first unless said. */
  sort?: string;
  /** Of the response times; logarithmic unless said. */
  scale?: "linear";
}

export function readTraces(search: Record<string, unknown>): TracesSearch {
  const { filter, group, live, sort, scale } = search;
  return {
    ...readTime(search),
    ...(typeof filter === "string" && filter.trim() ? { filter } : {}),
    ...(typeof group === "string" && group ? { group } : {}),
    ...(live === true ? { live } : {}),
    ...(typeof sort === "string" && /^-?[a-z]+$/.test(sort) ? { sort } : {}),
    ...(scale === "linear" ? { scale } : {}),
  };
}
