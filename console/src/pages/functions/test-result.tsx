// What an invocation came to: its answer or its error, its numbers, the end of its log, its trace.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { functionStateQuery, type Invoked } from "../../api/functions";
import { PageLink } from "../../components/page-link";
import { Snippet } from "../../components/snippet";
import { TraceResult } from "../../components/trace-result";
import {
  decodeLogTail,
  type InvocationReport,
  readable,
  readFunctionError,
  readReport,
} from "../../model/function-result";
import { readTraceHeader } from "../../model/trace-header";
import { formatDuration, milliseconds } from "../../model/units";

export function TestResult({ name, invoked }: { name: string; invoked: Invoked }) {
  const log = invoked.logTail === undefined ? "" : decodeLogTail(invoked.logTail);
  const report = readReport(log);
  return (
    <SpaceBetween size="l">
      <KeyValuePairs
        columns={3}
        minColumnWidth={130}
        items={[
          {
            label: "Status",
            value: invoked.error ? (
              <StatusIndicator type="error">Failed: {invoked.error}</StatusIndicator>
            ) : (
              <StatusIndicator type="success">Succeeded ({invoked.status})</StatusIndicator>
            ),
          },
          { label: "Duration", value: formatDuration(report && milliseconds(report.durationMs)) },
          { label: "Round trip", value: formatDuration(milliseconds(invoked.tookMs)) },
          ...(report ? numbers(report) : []),
        ]}
      />
      {invoked.error ? <Failed payload={invoked.payload} /> : <Answer payload={invoked.payload} />}
      <div>
        <Box variant="h3">Log tail</Box>
        {log ? (
          <Snippet label="Log tail" code={log.trimEnd()} wrap />
        ) : (
          <Box color="text-body-secondary">The invocation wrote nothing.</Box>
        )}
      </div>
      <div>
        <Box variant="h3">Trace</Box>
        <Trace name={name} header={invoked.traceHeader} />
      </div>
    </SpaceBetween>
  );
}

function numbers(report: InvocationReport) {
  return [
    { label: "Billed duration", value: report.billedMs === undefined ? "–" : `${report.billedMs} ms` },
    { label: "Memory used", value: `${report.usedMb ?? "–"} of ${report.memoryMb ?? "–"} MB` },
    {
      label: "Cold start",
      value: report.initMs === undefined ? "No" : `Yes, initialized in ${formatDuration(milliseconds(report.initMs))}`,
    },
  ];
}

function Answer({ payload }: { payload: string }) {
  return (
    <div>
      <Box variant="h3">Response</Box>
      {payload ? (
        <Snippet label="Response" code={readable(payload)} wrap />
      ) : (
        <Box color="text-body-secondary">The response is empty.</Box>
      )}
    </div>
  );
}

function Failed({ payload }: { payload: string }) {
  const error = readFunctionError(payload);
  return (
    <SpaceBetween size="s">
      <Alert type="error" header={error.type}>
        {error.message}
      </Alert>
      {error.stack.length > 0 && <Snippet label="Stack trace" code={error.stack.join("\n")} wrap />}
    </SpaceBetween>
  );
}

function Trace({ name, header }: { name: string; header: string | null }) {
  const state = useQuery(functionStateQuery(name));
  const { root, sampled } = readTraceHeader(header);
  if (state.data?.tracing === "PassThrough") {
    return (
      <Alert type="info" header="Active tracing is off">
        Lambda recorded nothing of this invocation. Switch it on under{" "}
        <PageLink to="/functions/$name" params={{ name }} search={{ tab: "configuration" }}>
          Configuration, Monitoring and operations tools
        </PageLink>
        .
      </Alert>
    );
  }
  if (!root || !sampled) {
    return (
      <Alert type="info" header="This invocation was not sampled">
        There is no trace of it. Choose “Sample this invocation” to get one.
      </Alert>
    );
  }
  return <TraceResult id={root} />;
}
