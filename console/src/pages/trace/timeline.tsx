// The waterfall with what steers it, and the details of its selected row.

import Container from "@cloudscape-design/components/container";
import { type Dispatch, type SetStateAction, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ResizeHandle } from "../../components/resize-handle";
import type { Analysis } from "../../model/trace/analysis";
import { findRows, nextMatch } from "../../model/trace/row-search";
import {
  type Collapsed,
  collapsedTo,
  deepest,
  NONE_COLLAPSED,
  revealed,
  toggled,
  visibleRows,
} from "../../model/trace/row-tree";
import { readSlice, sliceOf, sliceText, wholeOf, zoomed } from "../../model/trace/time-slice";
import type { Row, Span } from "../../model/trace/trace";
import type { TraceId } from "../../model/trace-id";
import { RowDetails } from "./details/row-details";
import { useKeptNumber } from "./kept-number";
import type { Shown, TraceChange, TraceSearch } from "./search";
import { Legend } from "./waterfall/legend";
import { Overview } from "./waterfall/overview";
import { Toolbar } from "./waterfall/toolbar";
import { Waterfall } from "./waterfall/waterfall";
import "./timeline.css";

interface Props {
  id: TraceId;
  analysis: Analysis;
  /** More may come. */
  live: boolean;
  search: TraceSearch;
  change: (change: TraceChange) => void;
  /** It outlives the timeline, which goes while another view is shown. */
  collapsed: Collapsed;
  onCollapse: Dispatch<SetStateAction<Collapsed>>;
}

const DETAILS_WIDTH = { least: 280, most: 900 } as const;

export function Timeline({ id, analysis, live, search, change, collapsed, onCollapse: setCollapsed }: Props) {
  const { trace } = analysis;
  const { shown = "all", find: query = "" } = search;
  const [nameWidth, setNameWidth] = useKeptNumber("fluoro.trace.names", 300);
  const [detailsWidth, setDetailsWidth] = useKeptNumber("fluoro.trace.details", 380);
  const [detailsShown, setDetailsShown] = useState(true);
  const details = useRef<HTMLElement>(null);

  const selected = (search.row === undefined ? undefined : trace.byKey.get(search.row)) ?? trace.root;
  const kept = useMemo(() => keptRows(analysis, shown), [analysis, shown]);
  const visible = useMemo(() => visibleRows(trace.rows, collapsed, kept), [trace, collapsed, kept]);
  const found = useMemo(() => findRows(trace.rows, query), [trace, query]);
  const matches = useMemo(() => new Set(found), [found]);
  const whole = useMemo(() => wholeOf(trace.duration), [trace.duration]);
  const slice = useMemo(() => sliceIn(search.zoom, whole), [search.zoom, whole]);

  const select = useCallback((row: Row) => change({ row: row.key }), [change]);
  const toggle = useCallback((row: Row) => setCollapsed((before) => toggled(before, row)), [setCollapsed]);
  const open = useCallback(() => {
    setDetailsShown(true);
    // After they are in the page.
    requestAnimationFrame(() => details.current?.focus());
  }, []);
  /** Goes to a row that may be out of sight: folded up, or left out. */
  const goTo = useCallback(
    (row: Row) => {
      setCollapsed((before) => revealed(trace.rows, before, row));
      change({ row: row.key, ...(kept?.has(row) === false ? { shown: undefined } : {}) });
    },
    [trace, kept, change, setCollapsed],
  );
  const setSlice = useCallback(
    (to: Span) => change({ zoom: isAll(to, whole) ? undefined : sliceText(to) }),
    [change, whole],
  );
  const next = (step: 1 | -1) => {
    const row = nextMatch(found, selected, step);
    if (row) goTo(row);
  };
  const zoom = (to: "closer" | "further" | "whole" | "row") => {
    const middle = selected && selected.start >= slice.from && selected.start <= slice.to ? selected.start : undefined;
    if (to === "closer") setSlice(zoomed(slice, whole, 0.5, middle));
    else if (to === "further") setSlice(zoomed(slice, whole, 2, middle));
    else if (to === "whole") setSlice(whole);
    else if (selected) setSlice(sliceOf(selected.start, selected.end, whole) ?? whole);
  };
  // A row that the URL names must not be hidden below another; once, so that folding works afterwards.
  const named = useRef(search.row);
  useEffect(() => {
    if (named.current !== undefined && selected?.key === named.current) {
      setCollapsed((before) => revealed(trace.rows, before, selected));
    }
    named.current = undefined;
  }, [trace, selected, setCollapsed]);

  return (
    <div
      className={detailsShown ? "timeline" : ""}
      style={{ "--details-width": `${detailsWidth}px` } as React.CSSProperties}
    >
      <Container disableContentPaddings>
        <Toolbar
          query={query}
          found={
            query.trim() === "" ? undefined : { number: selected ? found.indexOf(selected) + 1 : 0, of: found.length }
          }
          shown={shown}
          deepest={deepest(trace.rows)}
          isWhole={isAll(slice, whole)}
          canZoomToRow={selected !== undefined && selected.end > selected.start}
          onQuery={(find) => change({ find: find || undefined })}
          onNext={next}
          onShown={(to) => change({ shown: to === "all" ? undefined : to })}
          onDepth={(depth) => setCollapsed(depth === undefined ? NONE_COLLAPSED : collapsedTo(trace.rows, depth))}
          onZoom={zoom}
          detailsShown={detailsShown}
          onDetails={setDetailsShown}
        />
        <Overview rows={trace.rows} whole={whole} slice={slice} onSlice={setSlice} />
        {visible.length === 0 ? (
          <p className="timeline-none" role="status">
            {shown === "failed"
              ? "Nothing in this trace failed."
              : "No function of this trace waited or had to start first."}
          </p>
        ) : null}
        <Waterfall
          analysis={analysis}
          visible={visible}
          collapsed={collapsed}
          selected={selected}
          matches={matches}
          slice={slice}
          nameWidth={nameWidth}
          onNameWidth={setNameWidth}
          onCollapse={setCollapsed}
          onToggle={toggle}
          onSelect={select}
          onOpen={open}
        />
        <Legend />
      </Container>
      {selected && detailsShown ? (
        <>
          <div className="timeline-handle">
            <ResizeHandle
              label="Width of the details"
              value={detailsWidth}
              min={DETAILS_WIDTH.least}
              max={DETAILS_WIDTH.most}
              grows="left"
              onChange={setDetailsWidth}
            />
          </div>
          <section className="timeline-details" ref={details} tabIndex={-1} aria-label="Details of the selected row">
            <RowDetails id={id} analysis={analysis} row={selected} live={live} onGoTo={goTo} />
          </section>
        </>
      ) : null}
    </div>
  );
}

/** Undefined: all of them. */
function keptRows({ trace, path, waits }: Analysis, shown: Shown): ReadonlySet<Row> | undefined {
  switch (shown) {
    case "all":
      return undefined;
    case "critical":
      return new Set(path.parts.keys());
    case "failed":
      return new Set(trace.rows.filter((row) => row.outcome !== "ok"));
    case "waits":
      return new Set(waits.byRow.keys());
  }
}

/** What the URL asks for, as far as the trace has it: while it grows, a slice may not be there yet. */
function sliceIn(zoom: string | undefined, whole: Span): Span {
  const wanted = zoom === undefined ? undefined : readSlice(zoom);
  return (wanted && sliceOf(wanted.from, wanted.to, whole)) ?? whole;
}

function isAll(slice: Span, whole: Span): boolean {
  return slice.from <= whole.from && slice.to >= whole.to;
}
