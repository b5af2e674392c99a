// Why the trace was recorded: the decision of each stage that it came through, rule by rule.

import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Empty, Failure, Loading } from "../../components/states";
import { samplingNote } from "../../model/trace/sampling-note";
import type { Trace } from "../../model/trace/trace";
import type { TraceId } from "../../model/trace-id";
import { Explanation } from "../sampling/decision-detail";
import { useSamplingDecisions } from "./queries";

export function SamplingDecisions({ id, trace }: { id: TraceId; trace: Trace }) {
  // Decisions are remembered of requests to stages, and of no others.
  const isStaged = trace.rows.some((row) => row.entity.origin === "AWS::ApiGateway::Stage");
  const decisions = useSamplingDecisions(id, isStaged);
  if (!isStaged) return <NotRemembered trace={trace} />;
  if (decisions.isPending) return <Loading what="the decision" />;
  if (decisions.isError) {
    const retry = () => void decisions.refetch();
    return <Failure what="The sampling decision could not be read" error={decisions.error} retry={retry} />;
  }
  if (decisions.data.length === 0) return <NotRemembered trace={trace} />;
  return (
    <SpaceBetween size="xl">
      {decisions.data.map((decision) => (
        <Explanation key={decision.request_id} request={decision} />
      ))}
    </SpaceBetween>
  );
}

function NotRemembered({ trace }: { trace: Trace }) {
  const note = trace.root && samplingNote(trace.root.entity);
  if (note !== undefined) {
    return (
      <SpaceBetween size="xs">
        <Box>{note}.</Box>
        <Box color="text-body-secondary">
          The request is not, or no longer, among those that the server remembers (setting <code>sampling.recent</code>
          ), so which rules were passed over is not known.
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
