// The trace of a request that was just made: followed until it is complete, and drawn in a few rows.

import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { CSSProperties } from "react";
import { failureOf } from "../app/failure";
import { OUTCOME_WORDS } from "../model/outcome";
import { readDocuments } from "../model/trace/analysis";
import { kindLabel } from "../model/trace/row-label";
import { buildTrace, durationOf, type Row, type Trace } from "../model/trace/trace";
import type { TraceId } from "../model/trace-id";
import { formatDuration } from "../model/units";
import { OUTCOME_COLORS } from "./outcome";
import { OutcomeSign } from "./outcome-sign";
import { PageLink } from "./page-link";
import { Failure, Loading } from "./states";
import { useTraceDocuments, useTraceState } from "./use-trace";
import "./trace-result.css";

/** As many rows as are looked at beside something else; the trace's page has the others. */
const ROWS = 15;

export function TraceResult({ id }: { id: TraceId }) {
  const state = useTraceState(id);
  const documents = useTraceDocuments(id, state.data);
  const failure = failureOf(state, documents);
  if (failure) return <Failure what="The trace could not be read" {...failure} />;
  const { entities } = readDocuments((documents.data?.Segments ?? []).map((segment) => segment.Document));
  return (
    <SpaceBetween size="s">
      <SpaceBetween direction="horizontal" size="m" alignItems="center">
        <PageLink to="/traces/$traceId" params={{ traceId: id }} ariaLabel={`Open trace ${id}`}>
          {id}
        </PageLink>
        <span aria-live="polite">
          {state.data?.complete ? (
            <StatusIndicator type="success">Complete</StatusIndicator>
          ) : (
            <StatusIndicator type="in-progress">{state.data?.open[0] ?? "Waiting for its segments"}</StatusIndicator>
          )}
        </span>
      </SpaceBetween>
      {entities.length > 0 ? <Rows trace={buildTrace(entities)} /> : <Loading what="the trace" />}
    </SpaceBetween>
  );
}

function Rows({ trace }: { trace: Trace }) {
  const shown = trace.rows.slice(0, ROWS);
  const left = trace.rows.length - shown.length;
  return (
    <>
      <table className="trace-result" aria-label="Segments and subsegments">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Outcome</th>
            <th scope="col" className="trace-result-duration">
              Duration
            </th>
            <th scope="col">Place in time</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <Line key={row.key} row={row} trace={trace} />
          ))}
        </tbody>
      </table>
      {left > 0 && (
        <Box color="text-body-secondary" fontSize="body-s">
          and {left} more
        </Box>
      )}
    </>
  );
}

function Line({ row, trace }: { row: Row; trace: Trace }) {
  const share = (time: number) => (trace.duration > 0 ? (time / trace.duration) * 100 : 0);
  const status = row.entity.http?.response?.status;
  return (
    <tr>
      <th scope="row" style={{ "--depth": row.depth } as CSSProperties}>
        {row.entity.name} <span className="trace-result-kind">{kindLabel(row)}</span>
      </th>
      <td className="trace-result-outcome">
        <OutcomeSign outcome={row.outcome} silent /> {status ?? OUTCOME_WORDS[row.outcome]}
      </td>
      <td className="trace-result-duration">{row.open ? "…" : formatDuration(durationOf(row))}</td>
      <td className="trace-result-time">
        <div
          className="trace-result-bar"
          style={{
            background: OUTCOME_COLORS[row.outcome],
            insetInlineStart: `${share(row.start)}%`,
            inlineSize: `max(2px, ${share(durationOf(row))}%)`,
          }}
        />
      </td>
    </tr>
  );
}
