// The traces that a row names: a queue's consumer those that sent to it, and the other way round.

import { PageLink } from "../../../components/page-link";
import type { LinkedTrace } from "../../../model/trace/request";

export function Links({ links }: { links: readonly LinkedTrace[] }) {
  return (
    <ul className="details-links">
      {links.map(({ traceId, segmentId, relation }) => (
        <li key={`${traceId} ${segmentId}`}>
          <PageLink to="/traces/$traceId" params={{ traceId }} search={segmentId ? { row: segmentId } : {}}>
            {traceId}
          </PageLink>{" "}
          {relation === "parent" ? "led to this one" : relation === "child" ? "came of this one" : ""}
        </li>
      ))}
    </ul>
  );
}
