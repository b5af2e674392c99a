// Whether the first trace has arrived; and if something else did, what is in the way.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { getTraceSummaries, type XRayTraceSummary } from "../../api/aws";
import { doctorQuery } from "../../api/doctor";
import { call } from "../../api/operation";
import { now } from "../../app/time";
import { PageLink } from "../../components/page-link";
import { Failure } from "../../components/states";
import { newTroubles } from "../../model/arrivals";
import type { LedgerLine } from "../../model/doctor";
import { type EpochSeconds, epochSeconds, formatCount, formatDuration, seconds } from "../../model/units";

const EVERY_MS = 1_500;

/** Traces of which something was received since then; the server tells that time in whole seconds. */
async function tracesSince(since: EpochSeconds, signal: AbortSignal): Promise<XRayTraceSummary[]> {
  const window = { StartTime: Math.floor(since), EndTime: epochSeconds(now() + 60), TimeRangeType: "Event" as const };
  const { TraceSummaries = [] } = await call(getTraceSummaries, window, signal);
  return [...TraceSummaries].sort((a, b) => (b.StartTime ?? 0) - (a.StartTime ?? 0));
}

export function Arrival() {
  const [since, setSince] = useState(now);
  const [seen, setSeen] = useState<ReadonlySet<string | undefined>>(new Set());
  const traces = useQuery({
    queryKey: ["start", "traces", since],
    queryFn: ({ signal }) => tracesSince(since, signal),
    refetchInterval: EVERY_MS,
  });
  // What went wrong before is an old story.
  const before = useQuery({
    ...doctorQuery,
    queryKey: ["start", "doctor", since],
    staleTime: Number.POSITIVE_INFINITY,
  });
  const report = useQuery({ ...doctorQuery, refetchInterval: EVERY_MS });
  const troubles = before.data && report.data ? newTroubles(before.data.lines, report.data.lines) : [];
  if (traces.isError) return <Failure what="Whether a trace has come in could not be read" error={traces.error} />;
  const received = (traces.data ?? []).filter(({ Id }) => !seen.has(Id));
  return (
    <div role="status">
      <SpaceBetween size="s">
        {received.length > 0 ? (
          <Received
            traces={received}
            onAgain={() => {
              setSeen(new Set(received.map(({ Id }) => Id)));
              setSince(now());
            }}
          />
        ) : (
          <Waiting held={before.data?.held.traces ?? 0} />
        )}
        {troubles.length > 0 && <Troubles troubles={troubles} />}
      </SpaceBetween>
    </div>
  );
}

function Waiting({ held }: { held: number }) {
  return (
    <Alert type="info" header={held > 0 ? "Waiting for the next trace" : "Waiting for your first trace"}>
      <Spinner /> What your program sends shows up here as soon as it is received.{" "}
      {held > 0 && (
        <PageLink to="/traces">
          Show the {formatCount(held)} {held === 1 ? "trace" : "traces"} that are here
        </PageLink>
      )}
    </Alert>
  );
}

/** As many of the newest as are listed. */
const LISTED = 5;

function Received({ traces, onAgain }: { traces: readonly XRayTraceSummary[]; onAgain: () => void }) {
  return (
    <Alert
      type="success"
      header={traces.length === 1 ? "Received a trace" : `Received ${formatCount(traces.length)} traces`}
      action={<Button onClick={onAgain}>Wait for another</Button>}
    >
      {traces.slice(0, LISTED).map(({ Id = "", Http, EntryPoint, Duration }) => (
        <div key={Id}>
          <PageLink to="/traces/$traceId" params={{ traceId: Id }}>
            {Id}
          </PageLink>{" "}
          {Http?.HttpURL ? `${Http.HttpMethod ?? ""} ${Http.HttpURL}`.trim() : EntryPoint?.Name}
          {Duration !== undefined && `, ${formatDuration(seconds(Duration))}`}
        </div>
      ))}
    </Alert>
  );
}

function Troubles({ troubles }: { troubles: readonly LedgerLine[] }) {
  return (
    <Alert type="warning" header="Something came in, but became no trace">
      <SpaceBetween size="xs">
        {troubles.map(({ client, class: of, cause, count, mend }) => (
          <Box key={`${client} ${of} ${cause}`}>
            {formatCount(count)} from <Box variant="code">{client}</Box>: {cause}
            {mend && ` – ${mend}`}
          </Box>
        ))}
        <PageLink to="/doctor">Ask the doctor</PageLink>
      </SpaceBetween>
    </Alert>
  );
}
