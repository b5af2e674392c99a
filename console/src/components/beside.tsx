// A page's main part, and beside it what is selected there; where there is no room beside, below.

import "./beside.css";
import { type CSSProperties, type ReactNode, useEffect, useRef } from "react";
import { useFocusAfterClosing } from "../app/focus";

/** So much of what is selected is to be seen without scrolling. */
const LEAST_SHOWN = 160;

interface Props {
  readonly children: ReactNode;
  /** What is selected; undefined for nothing. */
  readonly aside: ReactNode;
  /** Names what is selected: of another one, its beginning is brought into view. */
  readonly of: string | undefined;
  readonly label: string;
  /** As CSS has it: no higher is what stands beside. */
  readonly height?: string;
}

export function Beside({ children, aside, of, label, height }: Props) {
  const place = useRef<HTMLElement>(null);
  const shown = useRef(of);
  useFocusAfterClosing(of);
  useEffect(() => {
    const isNew = of !== undefined && of !== shown.current;
    shown.current = of;
    // Only what was selected here: who follows a link wants to see the page from its beginning.
    const top = place.current?.getBoundingClientRect().top ?? 0;
    if (isNew && top > window.innerHeight - LEAST_SHOWN) place.current?.scrollIntoView({ behavior: "smooth" });
  }, [of]);
  const style = height === undefined ? {} : ({ "--beside-height": height } as CSSProperties);
  return (
    <div className="beside" style={style}>
      <div className="beside-both">
        <div>{children}</div>
        {of !== undefined && (
          <aside ref={place} className="beside-aside" aria-label={label}>
            {aside}
          </aside>
        )}
      </div>
    </div>
  );
}
