// What fails: by exception and by the path that leads to it.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useCallback, useMemo } from "react";
import { epochSeconds, isLive, timeOf } from "../../app/time";
import { Beside } from "../../components/beside";
import { Groups } from "../../components/groups";
import { OutcomeChoice } from "../../components/outcome-choice";
import { PageLink } from "../../components/page-link";
import { PanelHeader } from "../../components/panel-header";
import { SearchInput } from "../../components/search-input";
import { Empty, Failure, Loading } from "../../components/states";
import { TimeRange } from "../../components/time-range";
import { ERROR_KINDS, type FailureGroup, failureGroups, fitting } from "../../model/errors";
import { NO_COUNTS, type OutcomeCounts } from "../../model/outcome";
import { formatCount, formatTime } from "../../model/units";
import { FailureDetail } from "./detail";
import { expressionOf, type FailedTraces, useFailedTraces } from "./queries";
import { type ErrorsChange, type ErrorsSearch, useErrorsSearch } from "./search";
import { FailureTable } from "./table";

export function ErrorsPage() {
  const { search, change } = useErrorsSearch();
  const { query, failed } = useFailedTraces(search);
  const follows = isLive(search) && (failed?.isFollowed ?? true);
  return (
    <SpaceBetween size="m">
      <Header
        variant="h1"
        actions={
          <TimeRange
            time={timeOf(search)}
            onChange={(time) => change({ since: undefined, from: undefined, to: undefined, ...time })}
            onRefresh={() => void query.refetch()}
            isRefreshing={query.isFetching && !(follows && search.live !== false)}
            {...(follows
              ? { live: search.live !== false, onLive: (live: boolean) => change({ live: live ? undefined : false }) }
              : {})}
          />
        }
      >
        Errors
      </Header>
      {query.isError && (
        <Failure what="The failed traces could not be read" error={query.error} retry={() => void query.refetch()} />
      )}
      {failed ? (
        <Failures failed={failed} search={search} change={change} />
      ) : (
        !query.isError && <Loading what="failed traces" />
      )}
    </SpaceBetween>
  );
}

interface FailuresProps {
  readonly failed: FailedTraces;
  readonly search: ErrorsSearch;
  readonly change: (change: ErrorsChange, replace?: boolean) => void;
}

function Failures({ failed, search, change }: FailuresProps) {
  const { summaries, window } = failed;
  const all = useMemo(() => failureGroups(summaries, search.handled === true), [summaries, search.handled]);
  const shown = fitting(all, search.kinds, search.find);
  const selected = all.find((group) => group.id === search.failure);
  const onText = useCallback((find: string) => change({ find: find || undefined }, true), [change]);
  const onSelect = useCallback((failure: string | undefined) => change({ failure }), [change]);
  return (
    <SpaceBetween size="m">
      <div className="errors-tools">
        <div className="errors-search">
          <SearchInput
            label="Find a failure"
            placeholder="Find by exception, message or service"
            text={search.find ?? ""}
            onText={onText}
          />
        </div>
        <Groups group={search.group} onGroup={(group) => change({ group })} expression={expressionOf(search)} />
        <Toggle
          checked={search.handled === true}
          onChange={({ detail }) => change({ handled: detail.checked ? true : undefined })}
        >
          Also what callers handled
        </Toggle>
      </div>
      <OutcomeChoice
        legend="Kinds"
        outcomes={ERROR_KINDS}
        counts={countsOf(all)}
        chosen={search.kinds}
        onChoose={(kinds) => change({ kinds }, true)}
      />
      <Counted failed={failed} groups={all.length} />
      <Beside
        label="Selected failure"
        of={search.failure}
        aside={
          selected ? (
            <FailureDetail
              group={selected}
              total={summaries.length}
              window={window}
              search={search}
              onChange={change}
            />
          ) : (
            <Gone onClose={() => onSelect(undefined)} />
          )
        }
      >
        <FailureTable
          groups={shown}
          total={summaries.length}
          window={window}
          selected={search.failure}
          onSelect={onSelect}
          empty={all.length === 0 ? <NoFailures search={search} /> : "No failure fits what is chosen above."}
        />
      </Beside>
    </SpaceBetween>
  );
}

function countsOf(groups: readonly FailureGroup[]): OutcomeCounts {
  const counts = { ...NO_COUNTS };
  for (const { kind, traces } of groups) counts[kind] += traces.length;
  return counts;
}

/** How many traces the groups are made of, and what is not among them. */
function Counted({ failed, groups }: { failed: FailedTraces; groups: number }) {
  const { summaries, window, isCounting, countMore } = failed;
  const starts = summaries.map(({ StartTime }) => StartTime ?? window.to);
  const earliest = epochSeconds(starts.reduce((least, start) => Math.min(least, start), window.to));
  const traces = `${formatCount(summaries.length)} failed ${summaries.length === 1 ? "trace" : "traces"}`;
  if (isCounting) return <Box color="text-body-secondary">Counting: {traces} so far.</Box>;
  if (countMore === undefined) {
    return (
      <Box color="text-body-secondary">
        {traces} in this window, {formatCount(groups)} {groups === 1 ? "kind" : "kinds"} of failure.
      </Box>
    );
  }
  const since = formatTime(earliest, window.to, "seconds");
  return (
    <Box color="text-body-secondary">
      Counted are the latest {traces}, since {since}. There are earlier ones in this window, which counts, shares and
      “first seen” leave out.{" "}
      <Button variant="inline-link" onClick={countMore}>
        Count more
      </Button>
    </Box>
  );
}

function NoFailures({ search }: { search: ErrorsSearch }) {
  return (
    <Empty title="Nothing failed in this window">
      Traces whose request ended with a status of 400 to 599, or with an exception, show here.{" "}
      {search.handled ? "" : "What callers got over is left out; switch it on above. "}
      No traces at all? <PageLink to="/start">Send your first trace</PageLink>.
    </Empty>
  );
}

function Gone({ onClose }: { onClose: () => void }) {
  return (
    <Container header={<PanelHeader onClose={onClose}>Failure is not there</PanelHeader>}>
      In this window nothing failed like that. Choose a longer time.
    </Container>
  );
}
