// Changes of the URL that come a moment after what somebody did: meanwhile they may be on the way to another page.

import type { AnyRouter } from "@tanstack/react-router";

/** Whether another page is being loaded, which a change of this one's URL would hold up. */
export function isLeaving(router: AnyRouter): boolean {
  return router.latestLocation.pathname !== router.state.resolvedLocation?.pathname;
}
