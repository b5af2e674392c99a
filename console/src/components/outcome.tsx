// How a request ended, by word, sign and colour.

import Box from "@cloudscape-design/components/box";
import Icon, { type IconProps } from "@cloudscape-design/components/icon";
import {
  colorChartsPurple500,
  colorChartsStatusHigh,
  colorChartsStatusMedium,
  colorChartsStatusPositive,
} from "../app/tokens";
import { formatCount } from "../model/format";
import { OUTCOME_LABELS, OUTCOMES, type Outcome, type OutcomeCounts } from "../model/outcome";

const SIGNS: Readonly<Record<Outcome, IconProps.Name>> = {
  ok: "status-positive",
  error: "status-warning",
  throttle: "status-stopped",
  fault: "status-negative",
};

export const OUTCOME_COLORS: Readonly<Record<Outcome, string>> = {
  ok: colorChartsStatusPositive,
  error: colorChartsStatusMedium,
  throttle: colorChartsPurple500,
  fault: colorChartsStatusHigh,
};

/** The sign with its word. */
export function OutcomeSign({ outcome }: { outcome: Outcome }) {
  return (
    <span style={{ color: OUTCOME_COLORS[outcome], whiteSpace: "nowrap" }}>
      <Icon name={SIGNS[outcome]} /> {OUTCOME_LABELS[outcome]}
    </span>
  );
}

/** What the colours of a chart mean, with how many there are of each; what did not happen is left out. */
export function OutcomeLegend({ counts }: { counts: OutcomeCounts }) {
  return (
    <Box fontSize="body-s">
      <ul style={{ display: "flex", flexWrap: "wrap", gap: "0 12px", listStyle: "none", margin: 0, padding: 0 }}>
        {OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => (
          <li key={outcome}>
            <OutcomeSign outcome={outcome} /> {formatCount(counts[outcome])}
          </li>
        ))}
      </ul>
    </Box>
  );
}
