// Bars of how many requests ended how, over an axis, a stretch of which can be chosen. Histogram and Timeline say what
// the axis is.

import { useState } from "react";
import {
  colorBorderDividerDefault,
  colorBorderItemFocused,
  colorChartsBlue1500,
  colorChartsLineGrid,
  colorTextBodySecondary,
  fontSizeBodyS,
} from "../app/tokens";
import { type Axis, positionOn, ticksOn } from "../model/axis";
import { type Bin, countIn } from "../model/bins";
import { OUTCOMES } from "../model/outcome";
import { counted } from "../model/units";
import { ChartTip } from "./chart-tip";
import { OUTCOME_COLORS } from "./outcome";
import { type Stretch, useBrush } from "./use-brush";
import { useWidth } from "./use-width";

export interface Tick {
  readonly at: number;
  readonly text: string;
}

export interface BarsProps {
  /** What the chart is called. */
  readonly label: string;
  /** What is counted: `trace`. */
  readonly noun: string;
  readonly axis: Axis;
  readonly bins: readonly Bin[];
  /** What is written below the axis, at most so many. */
  readonly ticks: (most: number) => readonly Tick[];
  /** A stretch of the axis in words. */
  readonly inWords: (from: number, to: number) => string;
  /** What each handle moves: `Shortest response time`. */
  readonly handles: { readonly first: string; readonly last: string };
  readonly chosen: Stretch | undefined;
  readonly onChoose: (stretch: Stretch | undefined) => void;
  readonly height?: number;
}

const MARGIN = { left: 40, right: 8, top: 8, bottom: 22 };

/** Room for what is written at a tick. */
const TICK_WIDTH = 64;

/** The least height of what is there at all: one fault among thousands is seen. */
const LEAST_HEIGHT = 2;

export function Bars({ label, noun, axis, bins, ticks, inWords, handles, chosen, onChoose, height = 140 }: BarsProps) {
  const [frame, width] = useWidth<HTMLElement>();
  const [hovered, setHovered] = useState<number>();
  const inner = { width: Math.max(width - MARGIN.left - MARGIN.right, 1), height: height - MARGIN.top - MARGIN.bottom };
  const x = (value: number) => MARGIN.left + Math.min(Math.max(positionOn(axis, value), 0), 1) * inner.width;
  const highest = Math.max(1, ...bins.map(countIn));
  const levels = ticksOn({ from: 0, to: highest, scale: "linear" }, 3).filter(Number.isInteger);
  const y = (count: number) => MARGIN.top + inner.height * (1 - count / highest);

  function binAt(clientX: number): number {
    const left = frame.current?.getBoundingClientRect().left ?? 0;
    const found = bins.findIndex((bin) => clientX - left < x(bin.to));
    return found < 0 ? bins.length - 1 : found;
  }

  const brush = useBrush({ count: bins.length, binAt, chosen, onChoose });
  const pointed = hovered === undefined ? undefined : bins[hovered];
  return (
    <figure ref={frame} aria-label={label} style={{ position: "relative", margin: 0 }}>
      {/* biome-ignore lint/a11y/noSvgWithoutTitle: the figure is named, and what is in it names itself */}
      <svg width="100%" height={height} style={{ display: "block" }}>
        <Levels levels={levels} y={y} from={MARGIN.left} to={MARGIN.left + inner.width} />
        {ticks(Math.max(2, Math.floor(inner.width / TICK_WIDTH))).map(({ at, text }) => (
          <text
            key={at}
            x={x(at)}
            y={height - 6}
            textAnchor={anchorAt(x(at), width)}
            fill={colorTextBodySecondary}
            fontSize={fontSizeBodyS}
          >
            {text}
          </text>
        ))}
        {bins.map((bin, index) => (
          <Stack
            key={bin.from}
            bin={bin}
            x={x(bin.from)}
            width={x(bin.to) - x(bin.from)}
            perCount={inner.height / highest}
            bottom={MARGIN.top + inner.height}
            isFaded={brush.shown !== undefined && (index < brush.shown.first || index > brush.shown.last)}
          />
        ))}
        <Chosen bins={bins} stretch={brush.shown} x={x} height={inner.height} />
        {/* What takes the pointer lies above the bars; the keys have the handles. */}
        <rect
          x={MARGIN.left}
          y={0}
          width={inner.width}
          height={MARGIN.top + inner.height}
          fill="transparent"
          style={{ cursor: "crosshair", touchAction: "pan-y" }}
          {...brush.surface}
          onPointerMove={(event) => {
            setHovered(binAt(event.clientX));
            brush.surface.onPointerMove(event);
          }}
          onPointerLeave={() => setHovered(undefined)}
        />
        {bins.length > 0 &&
          (["first", "last"] as const).map((handle) => {
            const at = brush.shown?.[handle] ?? (handle === "first" ? 0 : bins.length - 1);
            const bin = bins[at];
            const edge = handle === "first" ? bin?.from : bin?.to;
            return (
              <Grip
                key={handle}
                label={handles[handle]}
                at={at}
                most={bins.length - 1}
                text={stretchInWords(bins, brush.shown, inWords, noun, brush.isDraft)}
                x={x(edge ?? 0)}
                height={inner.height}
                onKeyDown={(event) => brush.onKeyDown(handle, event)}
              />
            );
          })}
      </svg>
      {pointed && (
        <ChartTip bin={pointed} noun={noun} at={x((pointed.from + pointed.to) / 2)} width={width} inWords={inWords} />
      )}
    </figure>
  );
}

/** The chosen stretch, or all of it, and how many are in it. */
function stretchInWords(
  bins: readonly Bin[],
  stretch: Stretch | undefined,
  inWords: BarsProps["inWords"],
  noun: string,
  isDraft: boolean,
): string {
  const held = stretch ? bins.slice(stretch.first, stretch.last + 1) : bins;
  const [first, last] = [held[0], held.at(-1)];
  if (!first || !last) return "";
  const told = `${inWords(first.from, last.to)}, ${counted(
    held.reduce((sum, bin) => sum + countIn(bin), 0),
    noun,
  )}`;
  return isDraft ? `${told}; Enter chooses it` : told;
}

function anchorAt(x: number, width: number): "start" | "middle" | "end" {
  if (x < MARGIN.left + 16) return "start";
  return x > width - MARGIN.right - 24 ? "end" : "middle";
}

function Levels({
  levels,
  y,
  from,
  to,
}: {
  levels: readonly number[];
  y: (count: number) => number;
  from: number;
  to: number;
}) {
  return levels.map((level) => (
    <g key={level}>
      <line
        x1={from}
        x2={to}
        y1={y(level)}
        y2={y(level)}
        stroke={level === 0 ? colorBorderDividerDefault : colorChartsLineGrid}
      />
      <text x={from - 6} y={y(level) + 4} textAnchor="end" fill={colorTextBodySecondary} fontSize={fontSizeBodyS}>
        {compact.format(level)}
      </text>
    </g>
  ));
}

const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

interface StackProps {
  bin: Bin;
  x: number;
  width: number;
  perCount: number;
  bottom: number;
  isFaded: boolean;
}

function Stack({ bin, x, width, perCount, bottom, isFaded }: StackProps) {
  const gap = width > 4 ? 1 : 0;
  let top = bottom;
  const layers = [
    { key: "untold", count: bin.untold, color: colorChartsBlue1500 },
    ...OUTCOMES.map((outcome) => ({ key: outcome, count: bin.counts[outcome], color: OUTCOME_COLORS[outcome] })),
  ];
  return (
    <g opacity={isFaded ? 0.3 : 1}>
      {layers
        .filter(({ count }) => count > 0)
        .map(({ key, count, color }) => {
          const height = Math.max(count * perCount, LEAST_HEIGHT);
          top -= height;
          return (
            <rect key={key} x={x + gap / 2} y={top} width={Math.max(width - gap, 1)} height={height} fill={color} />
          );
        })}
    </g>
  );
}

function Chosen({
  bins,
  stretch,
  x,
  height,
}: {
  bins: readonly Bin[];
  stretch: Stretch | undefined;
  x: (value: number) => number;
  height: number;
}) {
  const first = stretch && bins[stretch.first];
  const last = stretch && bins[stretch.last];
  if (!first || !last) return null;
  return (
    <rect
      x={x(first.from)}
      y={MARGIN.top}
      width={Math.max(x(last.to) - x(first.from), 1)}
      height={height}
      fill={colorBorderItemFocused}
      fillOpacity={0.12}
      stroke={colorBorderItemFocused}
    />
  );
}

interface GripProps {
  label: string;
  at: number;
  most: number;
  text: string;
  x: number;
  height: number;
  onKeyDown: (event: React.KeyboardEvent) => void;
}

/** A handle for the keys; drawn only while it has the focus. */
function Grip({ label, at, most, text, x, height, onKeyDown }: GripProps) {
  const [hasFocus, setHasFocus] = useState(false);
  return (
    <g
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={most}
      aria-valuenow={at}
      aria-valuetext={text}
      onKeyDown={onKeyDown}
      onFocus={() => setHasFocus(true)}
      onBlur={() => setHasFocus(false)}
      style={{ outline: "none", pointerEvents: "none" }}
    >
      <rect
        x={x - 4}
        y={MARGIN.top}
        width={8}
        height={height}
        rx={4}
        fill={hasFocus ? colorBorderItemFocused : "transparent"}
      />
    </g>
  );
}
