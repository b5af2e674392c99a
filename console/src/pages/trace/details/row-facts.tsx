// What a row is, when it was, how it ended, what it asked.

import Button from "@cloudscape-design/components/button";
import type { ReactNode } from "react";
import { OUTCOME_WORDS, OutcomeSign } from "../../../components/outcome-sign";
import { PageLink } from "../../../components/page-link";
import type { Analysis } from "../../../model/trace/analysis";
import { textAt } from "../../../model/trace/documents";
import { isFunction } from "../../../model/trace/request";
import { durationOf, type Row, type Trace } from "../../../model/trace/trace";
import {
  epochSeconds,
  formatBytes,
  formatDuration,
  formatPercent,
  type Seconds,
  seconds,
  shareOf,
} from "../../../model/units";
import { dateTime } from "../moment";
import { Copyable, type Fact } from "./facts";

export function timeFacts(analysis: Analysis, row: Row): readonly Fact[] {
  const { trace, self, waits } = analysis;
  const status = row.entity.http?.response?.status;
  const duration = formatDuration(durationOf(row));
  const facts: Fact[] = [
    [
      "Outcome",
      <span key="outcome">
        <OutcomeSign outcome={row.outcome} silent /> {row.open ? "In progress" : OUTCOME_WORDS[row.outcome]}
        {status === undefined ? "" : ` (${status})`}
      </span>,
    ],
    ["Duration", row.open ? `${duration} so far` : duration],
    ["Self time", formatDuration(self[row.index])],
    ["Critical path", criticalText(analysis, row)],
  ];
  const coldStart = waits.coldStarts.get(row);
  if (coldStart) facts.push(["Cold start", formatDuration(coldStart)]);
  const queued = (waits.byRow.get(row) ?? []).filter((wait) => wait.kind === "queue");
  if (queued.length > 0) {
    const waited = queued.reduce((sum, wait) => sum + wait.to - wait.from, 0);
    facts.push(["Waiting", `${formatDuration(seconds(waited))} before the function had the event`]);
  }
  facts.push(["Starts after", formatDuration(seconds(row.start))]);
  facts.push(["At", dateTime(epochSeconds(trace.begin + row.start))]);
  return facts;
}

function criticalText({ trace, path }: Analysis, row: Row): string {
  const own = path.times.get(row);
  const whole = trace.root ? durationOf(trace.root) : (0 as Seconds);
  if (own === undefined) return "Not on it: the request did not wait for this";
  if (own === 0) return "On it with what it called, not by itself";
  return `${formatDuration(own)} by itself, ${formatPercent(shareOf(own, whole))} of the request`;
}

export function httpFacts({ entity }: Row): readonly Fact[] {
  const { request, response } = entity.http ?? {};
  const facts: Fact[] = [];
  if (request?.method) facts.push(["Method", request.method]);
  if (request?.url) facts.push(["URL", request.url]);
  if (response?.status !== undefined) facts.push(["Status", response.status]);
  if (response?.content_length !== undefined && response.content_length >= 0) {
    facts.push(["Length", formatBytes(response.content_length)]);
  }
  if (request?.client_ip) {
    facts.push(["Client", `${request.client_ip}${request.x_forwarded_for ? ", by X-Forwarded-For" : ""}`]);
  }
  if (request?.user_agent) facts.push(["User agent", request.user_agent]);
  return facts;
}

export function identityFacts(trace: Trace, row: Row, onGoTo: (row: Row) => void): readonly Fact[] {
  const { entity } = row;
  const parent = row.parent === undefined ? undefined : trace.rows[row.parent];
  const segment = trace.rows[row.segment];
  const kind = row.kind === "subsegment" ? "Subsegment" : "Segment";
  const facts: Fact[] = [[`${kind} id`, <Copyable key="id" text={entity.id} />]];
  if (parent) facts.push(["Parent", <RowLink key="parent" row={parent} onGoTo={onGoTo} />]);
  if (segment && segment !== row && segment !== parent) {
    facts.push(["Part of", <RowLink key="segment" row={segment} onGoTo={onGoTo} />]);
  }
  const home = homeOf(row);
  if (home) facts.push(["Managed at", home]);
  if (entity.origin) facts.push(["Origin", entity.origin]);
  if (entity.namespace) facts.push(["Namespace", entity.namespace]);
  if (entity.user) facts.push(["User", entity.user]);
  if (entity.resource_arn) facts.push(["Resource", <Copyable key="arn" text={entity.resource_arn} />]);
  if (row.size > 1) facts.push(["Rows below", row.size - 1]);
  return facts;
}

function RowLink({ row, onGoTo }: { row: Row; onGoTo: (row: Row) => void }) {
  return (
    <Button variant="inline-link" onClick={() => onGoTo(row)}>
      {row.entity.name}
    </Button>
  );
}

/** The page of the function or stage that sent the segment. */
function homeOf(row: Row): ReactNode {
  const { name, aws } = row.entity;
  if (isFunction(row)) {
    return (
      <PageLink key="home" to="/functions/$name" params={{ name }}>
        Function {name}
      </PageLink>
    );
  }
  const apiId = textAt(aws, "api_gateway", "rest_api_id");
  const stage = textAt(aws, "api_gateway", "stage");
  if (apiId === undefined || stage === undefined) return undefined;
  return (
    <PageLink key="home" to="/apis/$apiId/stages/$stage" params={{ apiId, stage }}>
      Stage {stage} of {apiId}
    </PageLink>
  );
}
