// The query bar: a group, a filter expression within it, and what the server has against it.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Icon from "@cloudscape-design/components/icon";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useId, useState } from "react";
import { hintAt } from "../model/filter/hint";
import type { Misplaced } from "../model/filter/place";
import { scoped } from "../model/filter/scope";
import type { Vocabulary } from "../model/filter/vocabulary";
import { ExpressionInput } from "./expression-input";
import { Groups } from "./groups";

interface Props {
  readonly filter: string;
  readonly group: string | undefined;
  readonly onRun: (filter: string) => void;
  readonly onGroup: (group: string | undefined) => void;
  readonly vocabulary: Vocabulary;
  /** Where the server refused the filter, if it did. */
  readonly refused: Misplaced | undefined;
}

export function FilterBar({ filter, group, onRun, onGroup, vocabulary, refused }: Props) {
  const id = useId();
  const [draft, setDraft] = useState({ of: filter, text: filter });
  // A click elsewhere on the page changed the filter: what was being written gives way.
  if (draft.of !== filter) setDraft({ of: filter, text: filter });
  const { text } = draft;
  const isRun = text.trim() === filter.trim();
  const shown = isRun ? refused : undefined;
  const run = (expression: string) => onRun(expression.trim());
  return (
    <>
      <div style={{ display: "flex", flexWrap: "wrap", gap: 8, alignItems: "flex-start" }}>
        <Groups group={group} onGroup={onGroup} expression={scoped(filter, group).expression} />
        <div style={{ flex: "1 1 320px", minWidth: 0 }}>
          <ExpressionInput
            label="Filter expression"
            placeholder="All traces. Try: fault OR responsetime > 2, or a trace id"
            value={text}
            onChange={(changed) => setDraft({ of: filter, text: changed })}
            onRun={() => run(text)}
            vocabulary={vocabulary}
            refused={shown}
            describedBy={shown ? `${id}-refused` : undefined}
          />
        </div>
        <Button variant={isRun ? "normal" : "primary"} onClick={() => run(text)}>
          Run
        </Button>
        {(text !== "" || filter !== "") && (
          <Button
            variant="icon"
            iconName="close"
            ariaLabel="Clear the filter"
            onClick={() => {
              setDraft({ of: filter, text: "" });
              run("");
            }}
          />
        )}
      </div>
      <div id={`${id}-refused`} role="status" style={{ marginTop: shown ? 4 : 0 }}>
        {shown && <Refusal filter={filter} refused={shown} onMend={run} />}
      </div>
    </>
  );
}

interface RefusalProps {
  filter: string;
  refused: Misplaced;
  onMend: (filter: string) => void;
}

/** What does not fit, where, and what would. */
function Refusal({ filter, refused, onMend }: RefusalProps) {
  const { expected, meant } = hintAt(filter, refused.start);
  const symbol = filter.slice(refused.start, refused.end);
  return (
    <SpaceBetween direction="horizontal" size="xs" alignItems="center">
      <Box color="text-status-error">
        <Icon name="status-negative" /> Line {refused.line}, position {refused.position}:{" "}
        {symbol ? (
          <>
            <Box variant="code" display="inline">
              {symbol}
            </Box>{" "}
            does not fit here.
          </>
        ) : (
          "something is missing at the end."
        )}
        {expected && ` Expected: ${expected}.`}
      </Box>
      {meant && (
        <Button
          variant="inline-link"
          onClick={() => onMend(filter.slice(0, refused.start) + meant + filter.slice(refused.end))}
        >
          Replace with {meant}
        </Button>
      )}
    </SpaceBetween>
  );
}
