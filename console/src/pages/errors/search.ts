// What the URL of the Errors page says, and how the page changes that.

import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import { merged, present, text } from "../../app/search";
import { readTime, type TimeSearch } from "../../app/time";
import { ERROR_KINDS, type ErrorKind } from "../../model/errors";

export interface ErrorsSearch extends TimeSearch {
  /** The X-Ray group whose traces are meant; all traces when absent. */
  group?: string;
  /** Which kinds are shown; all when absent. */
  kinds?: readonly ErrorKind[];
  /** What the shown ones have in their exception, message or path. */
  find?: string;
  /** What callers got over is shown, too. */
  handled?: true;
  /** It follows what happens, unless this is said. */
  live?: false;
  /** The selected group of failures. */
  failure?: string;
}

export type ErrorsChange = { [K in keyof ErrorsSearch]?: ErrorsSearch[K] | undefined };

export function readErrorsSearch(search: Record<string, unknown>): ErrorsSearch {
  const { kinds, handled, live } = search;
  const read: ErrorsSearch = {
    ...readTime(search),
    ...present({ group: text(search["group"]), find: text(search["find"]), failure: text(search["failure"]) }),
  };
  const known = Array.isArray(kinds) ? ERROR_KINDS.filter((kind) => kinds.includes(kind)) : [];
  if (known.length > 0) read.kinds = known;
  if (handled === true) read.handled = handled;
  if (live === false) read.live = live;
  return read;
}

const route = getRouteApi("/errors");

/** The page's search, and what changes it: a member that is changed to undefined goes. */
export function useErrorsSearch(): { search: ErrorsSearch; change: (change: ErrorsChange, replace?: boolean) => void } {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback(
    (change: ErrorsChange, replace = false) => {
      void navigate({ search: (before) => merged(before, change), replace, resetScroll: false });
    },
    [navigate],
  );
  return { search, change };
}
