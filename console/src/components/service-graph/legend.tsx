// What signs and colours on the map mean.

import { OutcomeSign } from "../outcome-sign";

export function GraphLegend() {
  return (
    <ul className="service-graph-legend" aria-label="Legend">
      <li>
        <OutcomeSign outcome="ok" silent /> OK
      </li>
      <li>
        <OutcomeSign outcome="error" silent /> Error (4xx)
      </li>
      <li>
        <OutcomeSign outcome="throttle" silent /> Throttled (429)
      </li>
      <li>
        <OutcomeSign outcome="fault" silent /> Fault (5xx)
      </li>
      <li>Lines: calls, with their average response time as the caller saw it and how often; the more, the thicker</li>
      <li>
        <svg width="28" height="8" aria-hidden="true">
          <path d="M0 4h28" stroke="currentColor" strokeWidth="2" strokeDasharray="6 5" />
        </svg>{" "}
        Goes on in another trace
      </li>
    </ul>
  );
}
