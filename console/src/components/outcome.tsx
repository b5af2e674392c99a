// How requests ended, with words: one of them, or how many ended which way.

import Box from "@cloudscape-design/components/box";
import { OUTCOME_WORDS, OUTCOMES, type Outcome, type OutcomeCounts } from "../model/outcome";
import { formatCount } from "../model/units";
import { OutcomeSign } from "./outcome-sign";

/** The colours of bars; `outcome-sign.css` has them for light and dark. */
export const OUTCOME_COLORS: Readonly<Record<Outcome, string>> = {
  ok: "var(--fluoro-ok)",
  error: "var(--fluoro-error)",
  throttle: "var(--fluoro-throttle)",
  fault: "var(--fluoro-fault)",
};

/** The sign with its word. */
export function OutcomeLabel({ outcome }: { outcome: Outcome }) {
  return (
    <span style={{ color: OUTCOME_COLORS[outcome], whiteSpace: "nowrap" }}>
      <OutcomeSign outcome={outcome} silent /> {OUTCOME_WORDS[outcome]}
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
            <OutcomeLabel outcome={outcome} /> {formatCount(counts[outcome])}
          </li>
        ))}
      </ul>
    </Box>
  );
}
