// The parts of a treegrid (WAI-ARIA) whose rows scroll and come and go, and so are no table. The treegrid itself has
// the focus and the keyboard; its rows are named by `aria-activedescendant`.

import type { ComponentProps, CSSProperties, ReactNode, Ref } from "react";

interface Part {
  className: string;
  style?: CSSProperties;
  children?: ReactNode;
}

export function RowGroup(part: Part) {
  // biome-ignore lint/a11y/useSemanticElements: see above
  return <div role="rowgroup" {...part} />;
}

export function GridRow(props: ComponentProps<"div">) {
  // biome-ignore lint/a11y/useSemanticElements: see above
  // biome-ignore lint/a11y/useFocusableInteractive: see above
  return <div role="row" {...props} />;
}

export function ColumnHeader({ label, at, ...part }: Part & { label?: string; at?: Ref<HTMLDivElement> }) {
  // biome-ignore lint/a11y/useSemanticElements: see above
  // biome-ignore lint/a11y/useFocusableInteractive: see above
  return <div ref={at} role="columnheader" aria-label={label} {...part} />;
}

export function Cell(part: Part) {
  // biome-ignore lint/a11y/useSemanticElements: see above
  // biome-ignore lint/a11y/useFocusableInteractive: see above
  return <div role="gridcell" {...part} />;
}
