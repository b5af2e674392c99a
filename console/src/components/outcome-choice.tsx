// How many requests ended how, and which of them are meant.

import "./outcome-choice.css";
import Box from "@cloudscape-design/components/box";
import Checkbox from "@cloudscape-design/components/checkbox";
import type { Outcome, OutcomeCounts } from "../model/outcome";
import { formatCount, formatPercent, shareOf } from "../model/units";
import { OUTCOME_WORDS, OutcomeSign } from "./outcome-sign";

interface Props<O extends Outcome> {
  readonly legend: string;
  readonly outcomes: readonly O[];
  readonly counts: OutcomeCounts;
  /** All when undefined. */
  readonly chosen: readonly O[] | undefined;
  readonly onChoose: (outcomes: readonly O[] | undefined) => void;
}

export function OutcomeChoice<O extends Outcome>({ legend, outcomes, counts, chosen = [], onChoose }: Props<O>) {
  const total = outcomes.reduce((sum, outcome) => sum + counts[outcome], 0);
  const toggle = (outcome: O, isIn: boolean) => {
    const next = outcomes.filter((one) => (one === outcome ? isIn : chosen.includes(one)));
    onChoose(next.length === 0 ? undefined : next);
  };
  return (
    <fieldset className="outcome-choice">
      <legend>
        <Box variant="awsui-key-label">{legend}</Box>
      </legend>
      {outcomes.map((outcome) => (
        <Checkbox
          key={outcome}
          checked={chosen.includes(outcome)}
          disabled={counts[outcome] === 0 && !chosen.includes(outcome)}
          onChange={({ detail }) => toggle(outcome, detail.checked)}
        >
          <OutcomeSign outcome={outcome} silent /> {OUTCOME_WORDS[outcome]} {formatCount(counts[outcome])} (
          {formatPercent(shareOf(counts[outcome], total))})
        </Checkbox>
      ))}
    </fieldset>
  );
}
