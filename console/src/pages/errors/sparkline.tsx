// How often something failed over a window, as a row of small bars.

import "./errors.css";
import { epochSeconds, type Window } from "../../app/time";
import { countsOverTime, type FailedTrace } from "../../model/errors";
import { formatTime } from "../../model/units";

const BARS = 30;
const WIDTH = 90;
const HEIGHT = 28;

export function Sparkline({ traces, window }: { traces: readonly FailedTrace[]; window: Window }) {
  const counts = countsOverTime(traces, window, BARS);
  const most = Math.max(1, ...counts);
  const timeOfMost = epochSeconds(window.from + ((counts.indexOf(most) + 0.5) / BARS) * (window.to - window.from));
  const step = WIDTH / BARS;
  // A bar that is there at all is seen.
  const height = (count: number) => (count === 0 ? 0 : Math.max(2, (count / most) * (HEIGHT - 1)));
  const bars = counts.map((count, index) => ({ count, x: index * step })).filter(({ count }) => count > 0);
  return (
    <svg
      role="img"
      aria-label={`Over time: most at ${formatTime(timeOfMost, window.to, "seconds")}`}
      className="sparkline"
      width={WIDTH}
      height={HEIGHT}
    >
      <path className="sparkline-ground" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      {bars.map(({ count, x }) => (
        <rect key={x} x={x} y={HEIGHT - height(count)} width={step - 1} height={height(count)} />
      ))}
    </svg>
  );
}
