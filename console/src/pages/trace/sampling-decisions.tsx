// Why the trace was recorded: the decision of each stage that it came through, rule by rule.

import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { Compared, SamplingDecision } from "../../api/trace";
import { PageLink } from "../../components/page-link";
import { Empty, Failure, Loading } from "../../components/states";
import { samplingNote } from "../../model/trace/sampling-note";
import type { Row } from "../../model/trace/trace";
import type { TraceId } from "../../model/trace-id";
import { epochSeconds } from "../../model/units";
import { dateTime } from "./moment";
import { useSamplingDecisions } from "./queries";

export function SamplingDecisions({ id, root }: { id: TraceId; root: Row | undefined }) {
  const decisions = useSamplingDecisions(id);
  if (decisions.isPending) return <Loading what="the decision" />;
  if (decisions.isError) {
    const retry = () => void decisions.refetch();
    return <Failure what="The sampling decision could not be read" error={decisions.error} retry={retry} />;
  }
  if (decisions.data.length === 0) return <NotRemembered root={root} />;
  return (
    <SpaceBetween size="l">
      {decisions.data.map((decision) => (
        <Decision key={decision.request_id} decision={decision} />
      ))}
    </SpaceBetween>
  );
}

function Decision({ decision }: { decision: SamplingDecision }) {
  const { sampled, kept, reason, rule, because, passed_over } = decision;
  const request = [decision.http_method, `${decision.host ?? ""}${decision.url_path ?? ""}`].filter(Boolean).join(" ");
  return (
    <SpaceBetween size="s">
      <div>
        <Box variant="h3" padding="n">
          {request}
        </Box>
        <Box color="text-body-secondary">{dateTime(epochSeconds(decision.at))}</Box>
      </div>
      <StatusIndicator type={sampled ? "success" : kept ? "warning" : "stopped"}>
        {sampled ? "Sampled" : kept ? "Not sampled, recorded afterwards" : "Not sampled"}: {reason}
      </StatusIndicator>
      {rule === null ? null : (
        <div>
          <Badge color="blue">{rule}</Badge> fits
          {because.length === 0 ? " every request." : ":"}
          <Comparisons all={because} fits />
        </div>
      )}
      {passed_over.map((passed) => (
        <div key={passed.rule}>
          <Badge>{passed.rule}</Badge> (priority {passed.priority}) does not fit:
          <Comparisons all={passed.because} fits={false} />
        </div>
      ))}
      <PageLink to="/sampling">Change what is sampled</PageLink>
    </SpaceBetween>
  );
}

function Comparisons({ all, fits }: { all: readonly Compared[]; fits: boolean }) {
  if (all.length === 0) return null;
  return (
    <ul>
      {all.map(({ property, pattern, value }) => (
        <li key={property}>
          {property.replaceAll("_", " ")}{" "}
          {value === null ? (
            <>
              is not there; <code>{pattern}</code> is asked for
            </>
          ) : (
            <>
              <code>{value}</code> {fits ? "matches" : "does not match"} <code>{pattern}</code>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

function NotRemembered({ root }: { root: Row | undefined }) {
  const note = root && samplingNote(root.entity);
  if (note !== undefined) {
    return (
      <SpaceBetween size="xs">
        <Box>{note}.</Box>
        <Box color="text-body-secondary">
          The request itself is no longer among those that the server remembers (setting <code>sampling.recent</code>),
          so which rules were passed over is not known.
        </Box>
      </SpaceBetween>
    );
  }
  return (
    <Empty title="Decided elsewhere">
      This trace did not come in by a stage of an API here. Whoever sent it, an SDK or a collector, had decided to
      sample it.
    </Empty>
  );
}
