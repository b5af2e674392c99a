// Where the page stands below others. The page says it, the frame shows it.

import { useSyncExternalStore } from "react";

export interface Crumb {
  readonly text: string;
  /** A path below the console's; none for the page itself. */
  readonly to?: string;
}

let trail: readonly Crumb[] = [];
const listeners = new Set<() => void>();

/** The trail of the page that is shown; empty when that page says none. */
export function useTrail(): readonly Crumb[] {
  return useSyncExternalStore(subscribe, () => trail);
}

/** Shows this trail until the returned function is called. */
export function layTrail(crumbs: readonly Crumb[]): () => void {
  change(crumbs);
  return () => {
    // The next page may have laid its own by now.
    if (trail === crumbs) change([]);
  };
}

function change(to: readonly Crumb[]): void {
  trail = to;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
