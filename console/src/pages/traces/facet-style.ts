// The colours of facets: below each value a bar of its share, by how the requests ended.

import type { CSSProperties } from "react";
import {
  colorBackgroundDropdownItemHover,
  colorBorderDividerDefault,
  colorBorderItemFocused,
  colorTextBodySecondary,
} from "../../app/tokens";
import { OUTCOME_COLORS } from "../../components/outcome";
import { OUTCOMES, type OutcomeCounts } from "../../model/outcome";

export const FACET_COLORS = {
  "--hover": colorBackgroundDropdownItemHover,
  "--secondary": colorTextBodySecondary,
  "--focus": colorBorderItemFocused,
} as CSSProperties;

/** A bar as a background: each outcome's share of all, then the rest. */
export function shareBar(counts: OutcomeCounts, total: number): string {
  let from = 0;
  const stops = [...OUTCOMES].reverse().flatMap((outcome) => {
    const to = from + (total > 0 ? (100 * counts[outcome]) / total : 0);
    const stop = `${OUTCOME_COLORS[outcome]} ${from}% ${to}%`;
    from = to;
    return counts[outcome] > 0 ? [stop] : [];
  });
  return `linear-gradient(to right, ${[...stops, `${colorBorderDividerDefault} ${from}% 100%`].join(", ")})`;
}
