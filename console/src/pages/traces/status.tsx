// How far the search is, in words, and what can be done about it.

import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { now } from "../../app/time";
import { counted, formatCount, formatPercent, formatTime, share } from "../../model/units";
import { MOST_TRACES, type TraceSearch } from "./use-traces";

export function SearchStatus({ search, isTailing }: { search: TraceSearch; isTailing: boolean }) {
  const { state, progress, processed, coveredFrom } = search;
  switch (state) {
    case "loading":
      return (
        <SpaceBetween direction="horizontal" size="xs" alignItems="center">
          <StatusIndicator type="loading">
            {formatPercent(share(Math.round(progress * 100) / 100))} of the time range looked through,{" "}
            {counted(processed, "trace")}
          </StatusIndicator>
          <Button variant="inline-link" onClick={search.stop}>
            Stop
          </Button>
        </SpaceBetween>
      );
    case "stopped":
      return (
        <SpaceBetween direction="horizontal" size="xs" alignItems="center">
          <StatusIndicator type="stopped">
            Stopped; these are the traces since {formatTime(coveredFrom, now(), "seconds")}
          </StatusIndicator>
          <Button variant="inline-link" onClick={search.goOn}>
            Go on
          </Button>
        </SpaceBetween>
      );
    case "full":
      return (
        <StatusIndicator type="warning">
          These are the latest {formatCount(MOST_TRACES)}, since {formatTime(coveredFrom, now(), "seconds")}; a narrower
          filter or time range finds the others
        </StatusIndicator>
      );
    case "done":
      return isTailing ? (
        <StatusIndicator type="in-progress">Live: what comes is shown at once</StatusIndicator>
      ) : (
        <StatusIndicator type="success">Of {counted(processed, "trace")} in the time range</StatusIndicator>
      );
  }
}
