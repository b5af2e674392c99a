// A row's time, drawn: the bar in its outcome's colour, what of it was waiting, and where the critical path runs.

import type { CSSProperties } from "react";
import type { Wait } from "../../../model/trace/lambda-waits";
import { durationOf, type Row, type Span } from "../../../model/trace/trace";
import { formatDuration, seconds } from "../../../model/units";

interface Props {
  row: Row;
  slice: Span;
  critical: readonly Span[] | undefined;
  waits: readonly Wait[] | undefined;
}

/** The critical path is drawn in so many steps across: a path of thousands of pieces stays one short line. */
const STEPS = 500;

export function Bar({ row, slice, critical = [], waits = [] }: Props) {
  const shown = within(row, slice);
  const path = critical.length > 0 ? pathOf(critical, slice) : "";
  const title = `${formatDuration(durationOf(row))}, from ${formatDuration(seconds(row.start))} on`;
  return (
    <>
      {shown && (
        <span
          className={`bar bar-${row.kind} outcome-${row.outcome} ${row.open ? "is-open" : ""}`}
          style={placed(shown, slice)}
          title={title}
        />
      )}
      {waits.map((wait) => {
        const part = within(wait, slice);
        return part && <span key={wait.from} className={`bar-wait bar-${wait.kind}`} style={placed(part, slice)} />;
      })}
      {path && (
        <svg className="bar-critical" viewBox={`0 0 ${STEPS} 1`} preserveAspectRatio="none" aria-hidden="true">
          <path d={path} />
        </svg>
      )}
    </>
  );
}

function within(span: Pick<Span, "from" | "to"> | Row, slice: Span): { from: number; to: number } | undefined {
  const [from, to] = "key" in span ? [span.start, span.end] : [span.from, span.to];
  if (to < slice.from || from > slice.to) return undefined;
  return { from: Math.max(from, slice.from), to: Math.min(to, slice.to) };
}

function placed({ from, to }: { from: number; to: number }, slice: Span): CSSProperties {
  const length = slice.to - slice.from;
  return {
    // What begins at the very end is still seen.
    insetInlineStart: `min(${((from - slice.from) / length) * 100}%, calc(100% - 2px))`,
    inlineSize: `${((to - from) / length) * 100}%`,
  };
}

/** Pieces that meet at this size are drawn as one. */
function pathOf(parts: readonly Span[], slice: Span): string {
  const step = (offset: number) => ((offset - slice.from) / (slice.to - slice.from)) * STEPS;
  const drawn: [number, number][] = [];
  // Latest first, as the path has them.
  for (const part of parts) {
    const from = Math.max(0, step(part.from));
    const to = Math.min(STEPS, Math.max(step(part.to), from + 1));
    if (step(part.to) < 0 || from > STEPS) continue;
    const last = drawn.at(-1);
    if (last && last[0] - to < 1) last[0] = Math.min(last[0], from);
    else drawn.push([from, to]);
  }
  return drawn.map(([from, to]) => `M${from.toFixed(1)} 0H${to.toFixed(1)}V1H${from.toFixed(1)}Z`).join("");
}
