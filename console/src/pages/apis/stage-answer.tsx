// What a stage answered, and what became of the request's trace.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import type { GatewayStage } from "../../api/aws";
import { ApiError } from "../../api/operation";
import { decisionsQuery } from "../../api/sampling";
import type { StageAnswer } from "../../api/stage-call";
import { SampleEverything } from "../../components/sample-everything";
import { Snippet } from "../../components/snippet";
import { Failure, Loading } from "../../components/states";
import { TraceResult } from "../../components/trace-result";
import { type Decision, isRecorded } from "../../model/decisions";
import { readable } from "../../model/function-result";
import type { ApiIdentity } from "../../model/sampling";
import { formatBytes, formatDuration, milliseconds } from "../../model/units";
import { useTracing } from "./tracing";

interface Props {
  readonly api: ApiIdentity;
  readonly stage: GatewayStage;
  readonly answer: StageAnswer;
}

export function StageAnswerView({ api, stage, answer }: Props) {
  const decisions = useQuery({
    ...decisionsQuery({ id: answer.traceId, limit: 1 }),
    // It was made before the answer came, and does not change.
    staleTime: Number.POSITIVE_INFINITY,
  });
  const decision = decisions.data?.[0];
  return (
    <SpaceBetween size="l">
      <KeyValuePairs
        columns={3}
        minColumnWidth={140}
        items={[
          { label: "Status", value: <Status status={answer.status || (decision?.status ?? 0)} /> },
          {
            label: "Latency",
            value: (
              <>
                {formatDuration(milliseconds(answer.tookMs))}
                {decision && (
                  <Box color="text-body-secondary" fontSize="body-s">
                    {formatDuration(milliseconds(decision.latency_ms))} of it in the gateway
                  </Box>
                )}
              </>
            ),
          },
          { label: "Size", value: formatBytes(answer.bytes) },
        ]}
      />
      <ResponseBody answer={answer} />
      <ExpandableSection headerText={`Response headers (${answer.headers.length})`}>
        <Snippet
          label="Response headers"
          wrap
          code={answer.headers.map(([name, value]) => `${name}: ${value}`).join("\n")}
        />
      </ExpandableSection>
      <div>
        <Box variant="h3">Trace</Box>
        {decisions.isPending && <Loading what="the sampling decision" />}
        {decisions.isError && !isForgotten(decisions.error) && (
          <Failure what="The sampling decision could not be read" error={decisions.error} />
        )}
        {(decision || isForgotten(decisions.error)) && (
          <Outcome api={api} stage={stage} answer={answer} decision={decision} />
        )}
      </div>
    </SpaceBetween>
  );
}

/** The server remembers but so many requests, or none at all (`sampling.recent`). */
function isForgotten(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

function Status({ status }: { status: number }) {
  if (status === 0) return <StatusIndicator type="info">Not known</StatusIndicator>;
  const kind = status >= 500 ? "error" : status >= 400 ? "warning" : status >= 300 ? "info" : "success";
  return <StatusIndicator type={kind}>{status}</StatusIndicator>;
}

function ResponseBody({ answer }: { answer: StageAnswer }) {
  if (answer.status === 0) {
    return <Alert type="info">It was a redirect. Browsers follow those, and show a page nothing of them.</Alert>;
  }
  if (answer.text === undefined) return <Box>The body is binary.</Box>;
  if (!answer.text) return <Box color="text-body-secondary">The body is empty.</Box>;
  return <Snippet label="Response body" code={readable(answer.text)} wrap />;
}

function Outcome({ api, stage, answer, decision }: Props & { decision: Decision | undefined }) {
  if (!decision || isRecorded(decision)) return <TraceResult id={answer.traceId} />;
  if (decision.by === "tracing_off") return <TracingIsOff api={api} stage={stage} />;
  return (
    <Alert
      type="info"
      header="This request was not sampled"
      action={decision.by === "header" ? undefined : <SampleEverything api={api} />}
    >
      There is no trace of it: {decision.reason}.
    </Alert>
  );
}

function TracingIsOff({ api, stage }: Pick<Props, "api" | "stage">) {
  const tracing = useTracing(api.id, [stage.stageName ?? ""]);
  if (stage.tracingEnabled) {
    return <Alert type="success">X-Ray tracing is on now. Send the request again to get its trace.</Alert>;
  }
  return (
    <Alert
      type="info"
      header={`X-Ray tracing of stage ${stage.stageName} is off`}
      action={
        <Button loading={tracing.isPending} onClick={() => tracing.mutate(true)}>
          Turn on X-Ray tracing
        </Button>
      }
    >
      There is no trace of this request.
    </Alert>
  );
}
