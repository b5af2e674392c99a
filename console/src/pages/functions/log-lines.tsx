// Thousands of log lines, of which only those in sight are in the page.

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { LogLine } from "../../api/fluoro-api";
import { now } from "../../app/time";
import { PageLink } from "../../components/page-link";
import { epochSeconds, formatTime } from "../../model/units";
import "./log-lines.css";

const LINE_HEIGHT = 20;

/** How near to its end a reader is who wants to see what comes. */
const NEAR_END = 40;

export function LogLines({ lines, following }: { lines: readonly LogLine[]; following: boolean }) {
  const view = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => view.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 10,
  });
  useEffect(() => {
    if (following && atEnd.current && lines.length > 0) rows.scrollToIndex(lines.length - 1, { align: "end" });
  }, [rows, lines, following]);
  const at = now();
  return (
    <section
      ref={view}
      className="log"
      aria-label="Log lines"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
      }}
    >
      <ol style={{ blockSize: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => {
          const line = lines[row.index];
          if (!line) return null;
          return (
            <li
              key={row.key}
              ref={rows.measureElement}
              data-index={row.index}
              style={{ transform: `translateY(${row.start}px)` }}
            >
              <time dateTime={new Date(line.at * 1e3).toISOString()}>{formatTime(epochSeconds(line.at), at)}</time>
              <span className="log-text">{line.text}</span>
              {line.trace && line.trace !== lines[row.index - 1]?.trace && (
                <PageLink
                  to="/traces/$traceId"
                  params={{ traceId: line.trace }}
                  fontSize="body-s"
                  ariaLabel={`Trace ${line.trace}`}
                >
                  Trace
                </PageLink>
              )}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
