// The traces behind what is selected on the map, and what is chosen of it: the latest ones, and the way to all of them.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { timeOf } from "../../app/time";
import { LatestTraces, LatestTracesHeader } from "../../components/latest-traces";
import { Empty, Failure, Loading } from "../../components/states";
import { scoped } from "../../model/filter/scope";
import { isFollowing, useLatestTraces } from "./queries";
import { type Searching, WHOLE } from "./search";

/** Without a filter nothing can tell its traces from others. */
export function FoundTraces({ filter, search, onChange }: Searching & { filter: string | undefined }) {
  const time = timeOf(search);
  const asked = filter === undefined ? undefined : scoped(filter, search.group).expression;
  const latest = useLatestTraces(asked, time, isFollowing(search));
  if (filter === undefined) {
    return <Box color="text-body-secondary">So many are drawn as one here that no filter can name them all.</Box>;
  }
  const isNarrow = search.outcomes !== undefined || search.over !== undefined || search.under !== undefined;
  return (
    <SpaceBetween size="s">
      <LatestTracesHeader time={time} filter={filter} group={search.group} />
      {latest.isError ? (
        <Failure what="Its traces could not be listed" error={latest.error} retry={() => void latest.refetch()} />
      ) : latest.data === undefined ? (
        <Loading what="traces" />
      ) : latest.data.rows.length === 0 ? (
        <Empty title="No such traces">
          {isNarrow ? (
            <Button onClick={() => onChange(WHOLE, true)}>Show all of its traces</Button>
          ) : (
            "They began before this window, or are gone."
          )}
        </Empty>
      ) : (
        <>
          <LatestTraces traces={latest.data.rows} label="Latest traces" />
          {latest.data.hasMore && <Box color="text-body-secondary">There are more: show them in Traces.</Box>}
        </>
      )}
    </SpaceBetween>
  );
}
