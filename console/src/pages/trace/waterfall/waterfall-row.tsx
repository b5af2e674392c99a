// One row of the waterfall: what it is, how it ended, how long it took, and its bar.

import { type CSSProperties, memo } from "react";
import { OutcomeSign } from "../../../components/outcome-sign";
import type { Wait } from "../../../model/trace/lambda-waits";
import { kindLabel, resourceOf } from "../../../model/trace/row-label";
import { durationOf, type Row, type Span } from "../../../model/trace/trace";
import { formatDuration, type Seconds, seconds } from "../../../model/units";
import { Bar } from "./bar";
import { Cell, GridRow } from "./grid";
import { ColdStartSign, OpenSign, QueueSign } from "./signs";

interface Props {
  row: Row;
  /** Its place among the rows that are shown. */
  place: number;
  /** In pixels. */
  top: number;
  slice: Span;
  critical: readonly Span[] | undefined;
  waits: readonly Wait[] | undefined;
  coldStart: Seconds | undefined;
  /** Undefined without children. */
  expanded: boolean | undefined;
  selected: boolean;
  matched: boolean;
  onSelect: (row: Row) => void;
  onToggle: (row: Row) => void;
}

export function rowId(key: string): string {
  return `row-${key}`;
}

export const WaterfallRow = memo(function WaterfallRow(props: Props) {
  const { row, place, top, slice, critical, waits, expanded, selected, matched, onSelect, onToggle } = props;
  const status = row.entity.http?.response?.status;
  return (
    <GridRow
      id={rowId(row.key)}
      className={`waterfall-row ${selected ? "is-selected" : ""} ${matched ? "is-match" : ""}`}
      style={{ transform: `translateY(${top}px)` }}
      aria-level={row.depth + 1}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-rowindex={place + 2}
      aria-selected={selected}
      {...(expanded === undefined ? {} : { "aria-expanded": expanded })}
      onClick={() => onSelect(row)}
    >
      <Cell className="waterfall-name" style={{ "--depth": row.depth } as CSSProperties}>
        {expanded === undefined ? (
          <span className="waterfall-toggle" />
        ) : (
          <button
            type="button"
            className="waterfall-toggle"
            tabIndex={-1}
            aria-label={`${expanded ? "Collapse" : "Expand"} ${row.entity.name}`}
            onClick={(event) => {
              event.stopPropagation();
              onToggle(row);
            }}
          >
            {expanded ? "▾" : "▸"}
          </button>
        )}
        {row.outcome === "ok" ? null : <OutcomeSign outcome={row.outcome} />}
        {row.open ? <OpenSign /> : null}
        <Name row={row} />
        <Waited waits={waits} coldStart={props.coldStart} />
      </Cell>
      <Cell className="waterfall-status">{status}</Cell>
      <Cell className="waterfall-duration">
        {formatDuration(durationOf(row))}
        {row.open ? "…" : ""}
      </Cell>
      <Cell className="waterfall-time">
        <Bar row={row} slice={slice} critical={critical} waits={waits} />
      </Cell>
    </GridRow>
  );
});

function Name({ row }: { row: Row }) {
  const { name } = row.entity;
  const about = [kindLabel(row), resourceOf(row)].filter(Boolean).join(" ");
  return (
    <span className="waterfall-label" title={`${name}${about ? ` (${about})` : ""}`}>
      <span className={row.kind === "subsegment" ? "waterfall-part" : "waterfall-segment"}>{name}</span>
      {about ? <span className="waterfall-kind"> {about}</span> : null}
    </span>
  );
}

/** What the row waited for, in signs with numbers. A function's cold start is told at its segment too. */
function Waited({ waits = [], coldStart }: { waits: readonly Wait[] | undefined; coldStart: Seconds | undefined }) {
  const queued = sum(waits.filter((wait) => wait.kind === "queue"));
  const started = waits.length === 1 ? sum(waits.filter((wait) => wait.kind === "cold-start")) : 0;
  const cold = coldStart ?? started;
  return (
    <>
      {cold > 0 ? <ColdStartSign took={seconds(cold)} /> : null}
      {queued > 0 ? <QueueSign took={seconds(queued)} /> : null}
    </>
  );
}

function sum(spans: readonly Span[]): number {
  return spans.reduce((total, span) => total + span.to - span.from, 0);
}
