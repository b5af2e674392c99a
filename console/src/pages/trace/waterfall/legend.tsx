// What the colours and patterns of the waterfall mean.

import type { ReactNode } from "react";
import { OUTCOME_WORDS, OutcomeSign } from "../../../components/outcome-sign";
import { OUTCOMES } from "../../../model/outcome";

function Swatch({ children }: { children: ReactNode }) {
  return <span className="legend-swatch">{children}</span>;
}

export function Legend() {
  return (
    // biome-ignore lint/a11y/useSemanticElements: no form, whose parts a fieldset groups
    <div className="waterfall-legend" role="group" aria-label="Legend">
      {OUTCOMES.map((outcome) => (
        <span key={outcome}>
          <OutcomeSign outcome={outcome} silent />
          {OUTCOME_WORDS[outcome]}
        </span>
      ))}
      <span>
        <Swatch>
          <span className="bar bar-inferred outcome-ok" />
        </Swatch>
        Inferred from a call
      </span>
      <span>
        <Swatch>
          <span className="bar is-open outcome-ok" />
        </Swatch>
        In progress
      </span>
      <span>
        <Swatch>
          <span className="bar-wait bar-cold-start" />
        </Swatch>
        Cold start
      </span>
      <span>
        <Swatch>
          <span className="bar-wait bar-queue" />
        </Swatch>
        Waiting for a function
      </span>
      <span>
        <Swatch>
          <svg className="bar-critical" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
            <path d="M0 0H1V1H0Z" />
          </svg>
        </Swatch>
        Critical path
      </span>
    </div>
  );
}
