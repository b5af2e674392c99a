// What a trace is about: its request, when, how long, how it ended; and what can be done with it.

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { XRayTrace } from "../../api/aws";
import type { TraceState } from "../../api/fluoro-api";
import { OUTCOME_WORDS, OutcomeSign } from "../../components/outcome-sign";
import { PageLink } from "../../components/page-link";
import { Trail } from "../../components/trail";
import type { Analysis } from "../../model/trace/analysis";
import { functionsOf, linkedTraces, requestOf } from "../../model/trace/request";
import { samplingNote } from "../../model/trace/sampling-note";
import { durationOf, type Row } from "../../model/trace/trace";
import type { TraceId } from "../../model/trace-id";
import { formatDuration } from "../../model/units";
import { Completeness } from "./completeness";
import type { Fact } from "./details/facts";
import { dateTime } from "./moment";
import type { View } from "./search";
import { TraceActions } from "./trace-actions";

interface Props {
  id: TraceId;
  trace: XRayTrace;
  analysis: Analysis;
  state: TraceState | undefined;
  onView: (view: View) => void;
}

export function TraceHeader(props: Props) {
  const { id, trace, analysis } = props;
  const request = requestOf(analysis.trace);
  const title = [request.method, request.url].filter(Boolean).join(" ") || analysis.trace.root?.entity.name || id;
  return (
    <SpaceBetween size="s">
      <Crumbs id={id} />
      <Header variant="h1" actions={<TraceActions id={id} trace={trace} url={request.url} />}>
        <span className="trace-title">{title}</span>
      </Header>
      <Container>
        <dl className="trace-facts">
          {factsOf(props).map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </Container>
    </SpaceBetween>
  );
}

/** Where the page stands, also while there is no trace to show. */
export function Crumbs({ id }: { id: string }) {
  return <Trail crumbs={[{ text: "Traces", to: "/traces" }, { text: id }]} />;
}

function factsOf({ analysis, state, onView }: Props): readonly Fact[] {
  const { trace } = analysis;
  const { root } = trace;
  const { status } = requestOf(trace);
  const note = root && samplingNote(root.entity);
  const facts: Fact[] = [
    ["Status", root ? <Status key="status" row={root} status={status} /> : "Not known yet"],
    ["Duration", durationText(analysis)],
    ["Started", dateTime(trace.begin)],
    ["Completeness", <Completeness key="completeness" state={state} />],
    [
      "Sampling",
      <Button key="sampling" variant="inline-link" onClick={() => onView("sampling")}>
        {note ?? "Decided by its sender"}
      </Button>,
    ],
  ];
  if (functionsOf(trace.rows).length > 0) facts.push(["Functions", waitsText(analysis)]);
  const linked = [...new Set(linkedTraces(trace.rows).map(({ traceId }) => traceId))];
  if (linked.length > 0) facts.push(["Linked traces", <Linked key="linked" traceIds={linked} />]);
  return facts;
}

function Status({ row, status }: { row: Row; status: number | undefined }) {
  return (
    <span>
      <OutcomeSign outcome={row.outcome} silent /> {OUTCOME_WORDS[row.outcome]}
      {status === undefined ? "" : ` (${status})`}
    </span>
  );
}

function Linked({ traceIds }: { traceIds: readonly string[] }) {
  return (
    <SpaceBetween size="xxs">
      {traceIds.map((traceId) => (
        <PageLink key={traceId} to="/traces/$traceId" params={{ traceId }}>
          {traceId}
        </PageLink>
      ))}
    </SpaceBetween>
  );
}

function waitsText({ waits }: Analysis): string {
  const waited = [
    waits.coldStart > 0 ? `cold start ${formatDuration(waits.coldStart)}` : "",
    waits.queue > 0 ? `waiting ${formatDuration(waits.queue)}` : "",
  ].filter(Boolean);
  const text = waited.join(", ") || "no cold start, no waiting";
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The whole, and when the client had its answer where work went on after that. */
function durationText({ trace }: Analysis): string {
  const whole = formatDuration(trace.duration);
  if (trace.rows.some((row) => row.open)) return `${whole} so far`;
  const answered = formatDuration(trace.root && durationOf(trace.root));
  return answered === whole ? whole : `${whole}, answered after ${answered}`;
}
