// What stands in the list when it is empty: why it may be, and what to do.

import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { health } from "../../api/fluoro-api";
import type { TimeSearch } from "../../app/time";
import { PageLink } from "../../components/page-link";
import { Empty } from "../../components/states";

interface Props {
  readonly isFiltered: boolean;
  readonly onUnfiltered: () => void;
  readonly onTime: (time: TimeSearch) => void;
}

export function NoTraces({ isFiltered, onUnfiltered, onTime }: Props) {
  const server = useQuery({ queryKey: ["health"], queryFn: ({ signal }) => health(signal) });
  if (server.data?.status === "ok" && server.data.traces === 0) {
    return (
      <Empty title="No traces yet">
        Send the first one: <PageLink to="/start">snippets for your language</PageLink> are ready to copy. They show up
        here within a second.
      </Empty>
    );
  }
  return (
    <Empty title={isFiltered ? "No trace matches the filter" : "No traces in this time"}>
      <SpaceBetween size="s">
        <span>
          {isFiltered
            ? "Take a clause away, or look further back."
            : "The server has traces of other times. A request that was not sampled leaves none."}
        </span>
        <SpaceBetween direction="horizontal" size="xs">
          {isFiltered && <Button onClick={onUnfiltered}>Clear the filter</Button>}
          <Button onClick={() => onTime({ since: "6h" })}>Last 6 hours</Button>
          <Button onClick={() => onTime({ since: "7d" })}>Last 7 days</Button>
        </SpaceBetween>
        <span>
          Is something missing? <PageLink to="/doctor">Doctor</PageLink> tells what was refused,{" "}
          <PageLink to="/sampling">Sampling</PageLink> what was not sampled, and{" "}
          <PageLink to="/start">Send traces</PageLink> how to begin.
        </span>
      </SpaceBetween>
    </Empty>
  );
}
