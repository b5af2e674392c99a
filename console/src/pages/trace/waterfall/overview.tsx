// The whole trace in a strip: every row a line. What is drawn across is looked at in the waterfall below.

import { type PointerEvent, useEffect, useRef, useState } from "react";
import { useDark } from "../../../app/theme";
import type { Outcome } from "../../../model/outcome";
import { sliceOf } from "../../../model/trace/time-slice";
import type { Row, Span } from "../../../model/trace/trace";

interface Props {
  rows: readonly Row[];
  whole: Span;
  slice: Span;
  onSlice: (slice: Span) => void;
}

/** A shorter drag is a click with an unsteady hand. */
const SHORTEST_DRAG = 4;

export function Overview({ rows, whole, slice, onSlice }: Props) {
  const [drawn, setDrawn] = useState<{ from: number; to: number } | undefined>(undefined);
  const began = useRef<number | undefined>(undefined);
  const canvas = useCanvas(rows, whole);
  const length = whole.to - whole.from;
  const offsetOf = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return whole.from + ((event.clientX - box.left) / box.width) * length;
  };
  const lasting = drawn && sliceOf(drawn.from, drawn.to, whole);
  const shown = lasting ?? slice;
  const percent = (offset: number) => `${((offset - whole.from) / length) * 100}%`;
  const release = (event: PointerEvent) => {
    const moved = began.current === undefined ? 0 : Math.abs(event.clientX - began.current);
    if (lasting && moved >= SHORTEST_DRAG) onSlice(lasting);
    began.current = undefined;
    setDrawn(undefined);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: for the pointer; buttons above do the same for the keyboard
    <div
      className="overview"
      title="Drag to look at a part of the time; double-click for all of it"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        began.current = event.clientX;
        setDrawn({ from: offsetOf(event), to: offsetOf(event) });
      }}
      onPointerMove={(event) => {
        const to = offsetOf(event);
        setDrawn((before) => before && { ...before, to });
      }}
      onPointerUp={release}
      onPointerCancel={() => setDrawn(undefined)}
      onDoubleClick={() => onSlice(whole)}
    >
      <canvas ref={canvas} />
      <span className="overview-shade" style={{ insetInlineStart: 0, inlineSize: percent(shown.from) }} />
      <span className="overview-shade" style={{ insetInlineStart: percent(shown.to), insetInlineEnd: 0 }} />
    </div>
  );
}

/** Draws the rows, and again when the strip's size or the theme changes. */
function useCanvas(rows: readonly Row[], whole: Span) {
  const ref = useRef<HTMLCanvasElement>(null);
  const dark = useDark();
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const observer = new ResizeObserver(() => draw(canvas, rows, whole, dark));
    observer.observe(canvas);
    return () => observer.disconnect();
  }, [rows, whole, dark]);
  return ref;
}

function draw(canvas: HTMLCanvasElement, rows: readonly Row[], whole: Span, dark: boolean): void {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  if (!context) return;
  context.scale(ratio, ratio);
  const colours = coloursOf(canvas);
  const line = Math.min(4, height / Math.max(1, rows.length));
  context.globalAlpha = dark ? 0.9 : 0.8;
  // Failures last, so that no other row hides them.
  for (const outcome of ["ok", "error", "throttle", "fault"] as const) {
    context.fillStyle = colours[outcome];
    for (const row of rows) {
      if (row.outcome !== outcome) continue;
      const from = ((row.start - whole.from) / (whole.to - whole.from)) * width;
      const to = ((row.end - whole.from) / (whole.to - whole.from)) * width;
      context.fillRect(from, row.index * line, Math.max(1, to - from), Math.max(1, line - 0.5));
    }
  }
}

function coloursOf(element: Element): Record<Outcome, string> {
  const style = getComputedStyle(element);
  const colour = (outcome: Outcome) => style.getPropertyValue(`--fluoro-${outcome}`) || "gray";
  return { ok: colour("ok"), error: colour("error"), throttle: colour("throttle"), fault: colour("fault") };
}
