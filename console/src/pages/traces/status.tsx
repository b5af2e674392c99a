// How far the search is, in words, and what can be done about it.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Icon, { type IconProps } from "@cloudscape-design/components/icon";
import Spinner from "@cloudscape-design/components/spinner";
import type { ReactNode } from "react";
import { now } from "../../app/time";
import { counted, formatCount, formatPercent, formatTime, share } from "../../model/units";
import { MOST_TRACES, type TraceSearch } from "./use-traces";

export function SearchStatus({ search, isTailing }: { search: TraceSearch; isTailing: boolean }) {
  const { state, progress, processed } = search;
  const since = formatTime(search.coveredFrom, now(), "seconds");
  switch (state) {
    case "loading":
      return (
        <Status sign={<Spinner />} action="Stop" onAction={search.stop}>
          {formatPercent(share(Math.round(progress * 100) / 100))} of the time range looked through,{" "}
          {counted(processed, "trace")}
        </Status>
      );
    case "stopped":
      return (
        <Status sign={<Sign name="status-stopped" />} action="Go on" onAction={search.goOn}>
          {search.rows.length > 0
            ? `Stopped; these are the traces since ${since}`
            : "Stopped before any trace was found"}
        </Status>
      );
    case "full":
      return (
        <Status sign={<Sign name="status-warning" />}>
          These are the latest {formatCount(MOST_TRACES)}, since {since}. A narrower filter or time range finds the
          others.
        </Status>
      );
    case "done":
      return isTailing ? (
        <Status sign={<Sign name="status-in-progress" />}>Live: what comes is shown at once</Status>
      ) : (
        <Status sign={<Sign name="status-positive" />}>
          {counted(processed, "trace")} of the time range looked through
        </Status>
      );
  }
}

function Sign({ name }: { name: IconProps.Name }) {
  return (
    <Icon
      name={name}
      variant={name === "status-warning" ? "warning" : name === "status-positive" ? "success" : "subtle"}
    />
  );
}

interface StatusProps {
  sign: ReactNode;
  children: ReactNode;
  action?: string;
  onAction?: () => void;
}

function Status({ sign, children, action, onAction }: StatusProps) {
  return (
    <Box color="text-body-secondary">
      {sign} {children}{" "}
      {action && (
        <Button variant="inline-link" {...(onAction ? { onClick: onAction } : {})}>
          {action}
        </Button>
      )}
    </Box>
  );
}
