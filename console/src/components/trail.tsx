// Tells the frame where a page stands below others; the frame shows it at the top, with links to those above.

import { useEffect } from "react";
import { type Crumb, layTrail } from "../app/trail";

export type { Crumb };

export function Trail({ crumbs }: { crumbs: readonly Crumb[] }) {
  // Pages write their crumbs in place, anew each time: only what they say matters.
  const told = JSON.stringify(crumbs);
  useEffect(() => layTrail(JSON.parse(told) as Crumb[]), [told]);
  return null;
}
