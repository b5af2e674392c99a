// A few traces in a narrow place: how each ended, what was asked, how long it took, when.

import "./latest-traces.css";
import Header from "@cloudscape-design/components/header";
import type { TimeSearch } from "../app/time";
import { useNow } from "../app/window";
import type { Outcome } from "../model/outcome";
import { type EpochSeconds, formatAge, formatDuration, type Seconds } from "../model/units";
import { OutcomeSign } from "./outcome-sign";
import { PageLink } from "./page-link";

/** What a line tells of a trace. */
export interface TraceLine {
  readonly id: string;
  readonly start: EpochSeconds;
  readonly outcome: Outcome;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly status: number | undefined;
  readonly responseTime: Seconds | undefined;
}

/** What stands above them: the way to all of them, as Traces asks for them. */
export function LatestTracesHeader(asked: { time: TimeSearch; filter: string; group: string | undefined }) {
  const { time, filter, group } = asked;
  const search = { ...time, filter, ...(group === undefined ? {} : { group }) };
  return (
    <Header
      variant="h3"
      actions={
        <PageLink to="/traces" search={search} variant="primary">
          Show in Traces
        </PageLink>
      }
    >
      Latest traces
    </Header>
  );
}

export function LatestTraces({ traces, label }: { traces: readonly TraceLine[]; label: string }) {
  const now = useNow(5);
  return (
    <ul className="latest-traces" aria-label={label}>
      {traces.map((trace) => (
        <li key={trace.id}>
          <OutcomeSign outcome={trace.outcome} />
          <span className="latest-traces-asked">
            <PageLink to="/traces/$traceId" params={{ traceId: trace.id }}>
              {askedOf(trace)}
            </PageLink>
          </span>
          <span>{trace.status ?? ""}</span>
          <span>{formatDuration(trace.responseTime)}</span>
          <span className="latest-traces-age">{formatAge(trace.start, now)}</span>
        </li>
      ))}
    </ul>
  );
}

/** Where a stage is found by path and not by host, its address says nothing that the rest does not. */
const STAGE_PREFIX = /^\/(?:_aws\/execute-api|restapis)\/[^/]+(?=\/)/;

/** `GET /Prod/orders/17`; of what is no request, its id. */
function askedOf({ id, method, url }: TraceLine): string {
  const path = url === undefined ? undefined : (URL.parse(url)?.pathname ?? url).replace(STAGE_PREFIX, "");
  return [method, path].filter(Boolean).join(" ") || id;
}
