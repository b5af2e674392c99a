// What is below the pointer in a chart; to whoever does not point, its handles tell the same.

import {
  borderRadiusContainer,
  colorBackgroundContainerContent,
  colorBorderDividerDefault,
  colorTextBodyDefault,
  fontSizeBodyS,
} from "../app/tokens";
import { type Bin, countIn } from "../model/bins";
import { OUTCOME_WORDS, OUTCOMES } from "../model/outcome";
import { counted, formatCount } from "../model/units";
import { OUTCOME_COLORS } from "./outcome";

interface TipProps {
  bin: Bin;
  noun: string;
  at: number;
  width: number;
  /** A stretch of the axis in words. */
  inWords: (from: number, to: number) => string;
}

export function ChartTip({ bin, noun, at, width, inWords }: TipProps) {
  const total = countIn(bin);
  const isRight = at > width / 2;
  return (
    <div
      aria-hidden="true"
      style={{
        position: "absolute",
        top: 0,
        ...(isRight ? { right: width - at + 12 } : { left: at + 12 }),
        zIndex: 1,
        pointerEvents: "none",
        whiteSpace: "nowrap",
        padding: "4px 8px",
        color: colorTextBodyDefault,
        background: colorBackgroundContainerContent,
        border: `1px solid ${colorBorderDividerDefault}`,
        borderRadius: borderRadiusContainer,
        fontSize: fontSizeBodyS,
      }}
    >
      <div>{inWords(bin.from, bin.to)}</div>
      <strong>{counted(total, noun)}</strong>
      {OUTCOMES.filter((outcome) => bin.counts[outcome] > 0 && bin.counts[outcome] < total).map((outcome) => (
        <div key={outcome} style={{ color: OUTCOME_COLORS[outcome] }}>
          {OUTCOME_WORDS[outcome]} {formatCount(bin.counts[outcome])}
        </div>
      ))}
    </div>
  );
}
