// What the traces found have in common, beside them: a click asks for a value or against it.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import { useState } from "react";
import { EndOf } from "../../components/end-of";
import type { Facet, FacetValue } from "../../model/facets";
import { negated, type Standing, standingOf, withClause, withoutClause } from "../../model/filter/clauses";
import { totalOf } from "../../model/outcome";
import { counted, formatCount } from "../../model/units";
import styles from "./facet-panel.module.css";
import { FACET_COLORS, shareBar } from "./facet-style";

interface Props {
  readonly facets: readonly Facet[];
  /** How many traces there are, which is what shares are of. */
  readonly total: number;
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
}

/** So many values of a facet are shown at first, and at most when all are wanted. */
const FEW = 6;
const MOST = 100;

/** These are open at first, and those of annotations. */
const OPEN: readonly string[] = ["outcome", "service", "cause", "url", "method", "status", "user"];

export function FacetPanel({ facets, total, filter, onFilter }: Props) {
  return (
    <div style={FACET_COLORS}>
      {facets.map((facet) => (
        <ExpandableSection
          key={facet.id}
          variant="footer"
          headerText={facet.label}
          defaultExpanded={OPEN.includes(facet.id) || facet.id.startsWith("annotation ")}
        >
          <Values facet={facet} total={total} filter={filter} onFilter={onFilter} />
        </ExpandableSection>
      ))}
    </div>
  );
}

function Values({ facet, total, filter, onFilter }: { facet: Facet } & Omit<Props, "facets">) {
  const [isWhole, setIsWhole] = useState(false);
  const shown = facet.values.slice(0, isWhole ? MOST : FEW);
  const hidden = facet.values.length - shown.length;
  return (
    <>
      <ul className={styles["values"]} aria-label={facet.label}>
        {shown.map((value) => (
          <Value
            key={value.clause}
            value={value}
            total={total}
            standing={standingOf(filter, value.clause)}
            onChange={(standing) => onFilter(changed(filter, value.clause, standing))}
          />
        ))}
      </ul>
      {!isWhole && hidden > 0 && (
        <Button variant="inline-link" onClick={() => setIsWhole(true)} ariaLabel={`Show more of ${facet.label}`}>
          Show {formatCount(Math.min(hidden, MOST - FEW))} more
        </Button>
      )}
      {isWhole && hidden > 0 && (
        <Box fontSize="body-s" color="text-body-secondary">
          {counted(hidden, "value")} less frequent
        </Box>
      )}
    </>
  );
}

function changed(filter: string, clause: string, standing: Standing): string {
  switch (standing) {
    case "in":
      return withClause(filter, clause);
    case "out":
      return withClause(filter, negated(clause));
    case "absent":
      return withoutClause(filter, clause);
  }
}

interface ValueProps {
  value: FacetValue;
  total: number;
  standing: Standing;
  onChange: (standing: Standing) => void;
}

function Value({ value, total, standing, onChange }: ValueProps) {
  const { label, detail, counts } = value;
  const count = totalOf(counts);
  const isAsked = standing === "in";
  const title = detail ? `${label}\n${detail}` : label;
  const endTellsMore = /^https?:\/\//.test(label);
  return (
    <li className={styles["value"]}>
      <button
        type="button"
        className={styles["refine"]}
        style={{ backgroundImage: shareBar(counts, total) }}
        aria-pressed={isAsked}
        title={title}
        onClick={() => onChange(isAsked ? "absent" : "in")}
      >
        <span className={`${styles["label"]} ${isAsked ? styles["asked"] : ""}`}>
          {endTellsMore ? <EndOf text={label} title={title} /> : label}
        </span>
        <span className={styles["count"]}>{formatCount(count)}</span>
      </button>
      <button
        type="button"
        className={styles["exclude"]}
        aria-label={isAsked ? `Do not ask for ${label}` : `Without ${label}`}
        title={isAsked ? "Do not ask for it" : "Without it"}
        onClick={() => onChange(isAsked ? "absent" : "out")}
      >
        {isAsked ? "×" : "≠"}
      </button>
    </li>
  );
}
