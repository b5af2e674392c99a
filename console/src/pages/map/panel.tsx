// What is selected on the map: its traffic, how long it took, and the traces behind that.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo, useState } from "react";
import { Histogram } from "../../components/histogram";
import { LatestTraces } from "../../components/latest-traces";
import { OutcomeChoice } from "../../components/outcome-choice";
import { PageLink } from "../../components/page-link";
import { PanelHeader } from "../../components/panel-header";
import { Empty, Failure, Loading } from "../../components/states";
import { scoped } from "../../model/filter/scope";
import type { Traffic } from "../../model/graph";
import type { Narrowing } from "../../model/graph-filter";
import { averageOf, isTimed, rateOf } from "../../model/graph-statistics";
import { OUTCOMES } from "../../model/outcome";
import { formatCount, formatDuration, formatRate, type Seconds, seconds } from "../../model/units";
import { isFollowing, useLatestTraces } from "./queries";
import { type MapSearch, timeOf, WHOLE } from "./search";

export interface PanelProps {
  readonly title: string;
  /** What it is: `Lambda function`. */
  readonly kind: string;
  readonly traffic: Traffic;
  /** Over how long that is. */
  readonly window: Seconds;
  /** Finds its traces; undefined where no filter can tell them from others. */
  readonly filter: (narrowing: Narrowing) => string | undefined;
  readonly search: MapSearch;
  readonly onChange: (change: { [K in keyof MapSearch]?: MapSearch[K] | undefined }, replace?: boolean) => void;
  readonly onClose: () => void;
  readonly children?: React.ReactNode;
}

export function Panel({ title, kind, traffic, window, filter, search, onChange, onClose, children }: PanelProps) {
  return (
    <Container
      header={
        <PanelHeader description={kind} onClose={onClose}>
          {title}
        </PanelHeader>
      }
    >
      <SpaceBetween size="l">
        <Numbers traffic={traffic} window={window} />
        <OutcomeChoice
          legend="Only requests that ended with"
          outcomes={OUTCOMES}
          counts={traffic.counts}
          chosen={search.outcomes}
          onChoose={(outcomes) => onChange({ outcomes }, true)}
        />
        <ResponseTimes traffic={traffic} search={search} onChange={onChange} />
        <Traces filter={filter(narrowingOf(search))} search={search} onWhole={() => onChange(WHOLE, true)} />
        {children}
      </SpaceBetween>
    </Container>
  );
}

function narrowingOf({ outcomes, over, under }: MapSearch): Narrowing {
  return {
    ...(outcomes ? { outcomes } : {}),
    ...(over === undefined && under === undefined
      ? {}
      : {
          responseTime: {
            ...(over === undefined ? {} : { from: seconds(over) }),
            ...(under === undefined ? {} : { to: seconds(under) }),
          },
        }),
  };
}

function Numbers({ traffic, window }: { traffic: Traffic; window: Seconds }) {
  return (
    <KeyValuePairs
      columns={3}
      minColumnWidth={90}
      items={[
        { label: "Requests", value: formatCount(traffic.total) },
        { label: "Rate", value: formatRate(rateOf(traffic, window)) },
        { label: "Average", value: formatDuration(averageOf(traffic)) },
      ]}
    />
  );
}

function ResponseTimes({ traffic, search, onChange }: Pick<PanelProps, "traffic" | "search" | "onChange">) {
  const [scale, setScale] = useState<"log" | "linear">("log");
  const samples = useMemo(
    () => traffic.histogram.map(({ time, count }) => ({ value: time, count })),
    [traffic.histogram],
  );
  if (traffic.total === 0) return null;
  if (!isTimed(traffic)) {
    return (
      <Box color="text-body-secondary">
        The caller does not time these calls: it passed the request on without a subsegment of its own. How long they
        took is told by the service that was called.
      </Box>
    );
  }
  const { over, under } = search;
  const chosen =
    over === undefined && under === undefined
      ? {}
      : { chosen: { ...(over === undefined ? {} : { from: over }), ...(under === undefined ? {} : { to: under }) } };
  return (
    <Histogram
      label="Response time"
      noun="request"
      samples={samples}
      scale={scale}
      onScale={setScale}
      {...chosen}
      onChoose={(bounds) => onChange({ over: bounds?.from, under: bounds?.to }, true)}
      height={130}
    />
  );
}

function Traces({ filter, search, onWhole }: { filter: string | undefined; search: MapSearch; onWhole: () => void }) {
  const time = timeOf(search);
  const asked = filter === undefined ? undefined : scoped(filter, search.group).expression;
  const latest = useLatestTraces(asked, time, isFollowing(search));
  if (filter === undefined) {
    return <Box color="text-body-secondary">So many are drawn as one here that no filter can name them all.</Box>;
  }
  const link = { ...time, filter, ...(search.group === undefined ? {} : { group: search.group }) };
  const isNarrow = search.outcomes !== undefined || search.over !== undefined || search.under !== undefined;
  return (
    <SpaceBetween size="s">
      <Header
        variant="h3"
        actions={
          <PageLink to="/traces" search={link} variant="primary">
            Show in Traces
          </PageLink>
        }
      >
        Latest traces
      </Header>
      {latest.isError ? (
        <Failure what="Its traces could not be listed" error={latest.error} retry={() => void latest.refetch()} />
      ) : latest.data === undefined ? (
        <Loading what="traces" />
      ) : latest.data.rows.length === 0 ? (
        <Empty title="No such traces">
          {isNarrow ? (
            <Button onClick={onWhole}>Show all of its traces</Button>
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
