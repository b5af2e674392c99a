// All rows of a trace on its time, as a treegrid (WAI-ARIA): of however many rows, only those in sight are in the page.

import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type KeyboardEvent, memo, useCallback, useEffect, useMemo, useRef } from "react";
import type { Analysis } from "../../../model/trace/analysis";
import { type Collapsed, hasChildren, moveFor } from "../../../model/trace/row-tree";
import type { Row, Span } from "../../../model/trace/trace";
import { RowGroup } from "./grid";
import { Ruler } from "./ruler";
import { rowId, WaterfallRow } from "./waterfall-row";
import "./waterfall.css";

const ROW_HEIGHT = 28;
const HEAD_HEIGHT = 28;
/** Rows beyond the edges, so that fast scrolling does not show holes. */
const OVERSCAN = 12;
/** Farther than a page down goes. */
const FAR = 40;

interface Props {
  analysis: Analysis;
  visible: readonly Row[];
  collapsed: Collapsed;
  selected: Row | undefined;
  matches: ReadonlySet<Row>;
  slice: Span;
  nameWidth: number;
  onNameWidth: (width: number) => void;
  onCollapse: (collapsed: Collapsed) => void;
  onToggle: (row: Row) => void;
  onSelect: (row: Row) => void;
  /** The details of the selected row are wanted. */
  onOpen: () => void;
}

export const Waterfall = memo(function Waterfall(props: Props) {
  const { analysis, visible, collapsed, selected, matches, slice, nameWidth } = props;
  const { onCollapse, onSelect, onOpen, onToggle, onNameWidth } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const places = useMemo(() => new Map(visible.map((row, place) => [row, place])), [visible]);
  const selectedPlace = selected && places.get(selected);
  const virtualizer = useVirtualizer({
    count: visible.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (place) => visible[place]?.key ?? place,
    overscan: OVERSCAN,
    scrollMargin: HEAD_HEIGHT,
    scrollPaddingStart: HEAD_HEIGHT,
    // The selected row stays in the page: assistive technology reads it where the focus is.
    rangeExtractor: useCallback(
      (range: Range) => withPlace(defaultRangeExtractor(range), selectedPlace),
      [selectedPlace],
    ),
  });
  useSelectedInSight(selected, selectedPlace, (place, align) => virtualizer.scrollToIndex(place, { align }));

  const press = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== event.currentTarget) return;
    const row = selected ?? visible[0];
    if (!row) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const move = moveFor(event.key, { rows: analysis.trace.rows, visible, collapsed, row, page });
    if (!move) return;
    event.preventDefault();
    if (move.kind === "go") onSelect(move.to);
    else if (move.kind === "collapse") onCollapse(move.to);
    else onOpen();
  };

  return (
    <div
      ref={scroller}
      className="waterfall"
      role="treegrid"
      tabIndex={0}
      aria-label="Segments and subsegments"
      aria-rowcount={visible.length + 1}
      aria-colcount={4}
      aria-activedescendant={selected && selectedPlace !== undefined ? rowId(selected.key) : undefined}
      style={{ "--name-width": `${nameWidth}px` } as CSSProperties}
      onKeyDown={press}
    >
      <Ruler slice={slice} nameWidth={nameWidth} onNameWidth={onNameWidth} />
      <RowGroup className="waterfall-rows" style={{ blockSize: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const row = visible[item.index];
          if (!row) return null;
          return (
            <WaterfallRow
              key={row.key}
              row={row}
              place={item.index}
              top={item.start - HEAD_HEIGHT}
              slice={slice}
              critical={analysis.path.parts.get(row)}
              waits={analysis.waits.byRow.get(row)}
              coldStart={analysis.waits.coldStarts.get(row)}
              expanded={hasChildren(row) ? !collapsed.has(row.key) : undefined}
              selected={row === selected}
              matched={matches.has(row)}
              onSelect={onSelect}
              onToggle={onToggle}
            />
          );
        })}
      </RowGroup>
    </div>
  );
});

function withPlace(places: number[], place: number | undefined): number[] {
  if (place === undefined || places.includes(place)) return places;
  return [...places, place].sort((one, other) => one - other);
}

/** Scrolls to the selected row when another one is selected, or when it is shown again; not when only rows are added. */
function useSelectedInSight(
  row: Row | undefined,
  place: number | undefined,
  scroll: (place: number, align: "center" | "auto") => void,
): void {
  const shown = useRef<{ key: string | undefined; place: number }>({ key: undefined, place: 0 });
  const scrollNow = useRef(scroll);
  useEffect(() => {
    scrollNow.current = scroll;
  });
  const key = place === undefined ? undefined : row?.key;
  const isRoot = row?.index === 0;
  useEffect(() => {
    const before = shown.current;
    shown.current = { key, place: place ?? before.place };
    if (place === undefined || key === undefined || key === before.key) return;
    // The page opens with the root selected: nobody asked for it.
    if (before.key === undefined && isRoot) return;
    // What the URL names and what is found far away is looked at in the middle, with what stands around it.
    const isFar = before.key === undefined || Math.abs(place - before.place) > FAR;
    scrollNow.current(place, isFar ? "center" : "auto");
    // The waterfall may itself be partly out of sight.
    const frame = requestAnimationFrame(() =>
      document.getElementById(rowId(key))?.scrollIntoView({ block: "nearest" }),
    );
    return () => cancelAnimationFrame(frame);
  }, [key, place, isRoot]);
}
