// Finding one's way in a long trace: search, which rows are shown, how deep, which part of the time.

import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { SHOWN, type Shown } from "../search";

const SHOWN_WORDS: Readonly<Record<Shown, string>> = {
  all: "All rows",
  critical: "Critical path",
  failed: "Failures",
  waits: "Cold starts and waits",
};

interface Props {
  query: string;
  /** Undefined while nothing is searched. */
  found: { readonly number: number; readonly of: number } | undefined;
  shown: Shown;
  deepest: number;
  isWhole: boolean;
  canZoomToRow: boolean;
  detailsShown: boolean;
  onQuery: (query: string) => void;
  onNext: (step: 1 | -1) => void;
  onShown: (shown: Shown) => void;
  /** Undefined: everything is unfolded. */
  onDepth: (depth: number | undefined) => void;
  onZoom: (to: "closer" | "further" | "whole" | "row") => void;
  onDetails: (shown: boolean) => void;
}

/** More levels are nobody's wish. */
const LEVELS = 6;

export function Toolbar(props: Props) {
  const { query, found, shown, deepest, isWhole, canZoomToRow, detailsShown } = props;
  const { onQuery, onNext, onShown, onDepth, onZoom, onDetails } = props;
  const levels = Array.from({ length: Math.min(LEVELS, deepest) }, (_, at) => at + 1);
  return (
    <div className="waterfall-tools">
      <search className="waterfall-search">
        <Input
          type="search"
          value={query}
          placeholder="Find in this trace"
          ariaLabel="Find names, ids, URLs, annotations and exceptions in this trace"
          clearAriaLabel="Clear"
          onChange={({ detail }) => onQuery(detail.value)}
          onKeyDown={({ detail }) => {
            if (detail.key === "Enter") onNext(detail.shiftKey ? -1 : 1);
          }}
        />
        <Button
          iconName="angle-up"
          variant="icon"
          ariaLabel="Previous match"
          disabled={!found?.of}
          onClick={() => onNext(-1)}
        />
        <Button
          iconName="angle-down"
          variant="icon"
          ariaLabel="Next match"
          disabled={!found?.of}
          onClick={() => onNext(1)}
        />
        <span className="waterfall-found" role="status">
          {found && (found.of === 0 ? "Not found" : `${found.number > 0 ? `${found.number} of ` : ""}${found.of}`)}
        </span>
      </search>
      <SpaceBetween direction="horizontal" size="xs" alignItems="center">
        <Select
          selectedOption={{ value: shown, label: SHOWN_WORDS[shown] }}
          options={SHOWN.map((value) => ({ value, label: SHOWN_WORDS[value] }))}
          ariaLabel="Which rows are shown"
          expandToViewport
          onChange={({ detail }) => {
            const chosen = SHOWN.find((one) => one === detail.selectedOption.value);
            if (chosen) onShown(chosen);
          }}
        />
        <ButtonDropdown
          expandToViewport
          items={[
            { id: "all", text: "Expand all" },
            { id: "0", text: "Collapse all" },
            ...levels.map((level) => ({
              id: String(level),
              text: `Show ${level + 1} levels`,
            })),
          ]}
          onItemClick={({ detail }) => onDepth(detail.id === "all" ? undefined : Number(detail.id))}
        >
          Levels
        </ButtonDropdown>
        <SpaceBetween direction="horizontal" size="xxxs">
          <Button iconName="zoom-in" variant="icon" ariaLabel="Zoom in" onClick={() => onZoom("closer")} />
          <Button
            iconName="zoom-out"
            variant="icon"
            ariaLabel="Zoom out"
            disabled={isWhole}
            onClick={() => onZoom("further")}
          />
          <Button
            iconName="zoom-to-fit"
            variant="icon"
            ariaLabel="Show the whole time"
            disabled={isWhole}
            onClick={() => onZoom("whole")}
          />
          <Button
            iconName="full-screen"
            variant="icon"
            ariaLabel="Zoom to the selected row"
            disabled={!canZoomToRow}
            onClick={() => onZoom("row")}
          />
          <Button
            iconName="side-bar"
            variant="icon"
            ariaLabel={detailsShown ? "Hide the details" : "Show the details"}
            onClick={() => onDetails(!detailsShown)}
          />
        </SpaceBetween>
      </SpaceBetween>
    </div>
  );
}
