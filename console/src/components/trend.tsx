// A small picture of how often something happened lately: columns of requests, the sampled part of each filled.

import { formatRate, type PerSecond, perSecond } from "../model/units";
import css from "./trend.module.css";

interface Column {
  readonly from: number;
  readonly requests: PerSecond;
  readonly sampled: PerSecond;
}

const COLUMNS = 60;
const HEIGHT = 24;

/** The newest column stands at the right; what is missing at the left is not known yet. */
export function Trend({ columns, label }: { columns: readonly Column[]; label: string }) {
  const shown = columns.slice(-COLUMNS);
  const most = Math.max(0, ...shown.map(({ requests }) => requests));
  const height = (value: number) => (most > 0 ? (value / most) * (HEIGHT - 1) : 0);
  return (
    <svg
      role="img"
      aria-label={`${label}: at most ${formatRate(perSecond(most))} in the last two minutes`}
      viewBox={`0 0 ${COLUMNS * 2} ${HEIGHT}`}
      width={COLUMNS * 2}
      height={HEIGHT}
    >
      <path className={css.axis} d={`M0 ${HEIGHT - 0.5}H${COLUMNS * 2}`} />
      {shown.map(({ from, requests, sampled }, place) => {
        const x = (COLUMNS - shown.length + place) * 2;
        return (
          <g key={from}>
            <rect className={css.all} x={x} y={HEIGHT - height(requests)} width={1.5} height={height(requests)} />
            <rect className={css.part} x={x} y={HEIGHT - height(sampled)} width={1.5} height={height(sampled)} />
          </g>
        );
      })}
    </svg>
  );
}
