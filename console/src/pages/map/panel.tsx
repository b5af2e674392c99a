// What is selected on the map: its traffic, how long it took, and the traces behind that.

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useMemo, useState } from "react";
import { Histogram } from "../../components/histogram";
import { OutcomeChoice } from "../../components/outcome-choice";
import { PanelHeader } from "../../components/panel-header";
import type { Took, Traffic } from "../../model/graph";
import type { Narrowing } from "../../model/graph-filter";
import { averageOf, isTimed, percentileOf, rateOf } from "../../model/graph-statistics";
import { OUTCOMES } from "../../model/outcome";
import { formatCount, formatDuration, formatRate, type Seconds, seconds } from "../../model/units";
import { FoundTraces } from "./found-traces";
import type { MapSearch, Searching } from "./search";

interface PanelProps {
  readonly title: string;
  /** What it is: `Lambda function`. */
  readonly kind: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function Panel({ title, kind, onClose, children }: PanelProps) {
  return (
    <Container
      header={
        <PanelHeader description={kind} onClose={onClose}>
          {title}
        </PanelHeader>
      }
    >
      <SpaceBetween size="l">{children}</SpaceBetween>
    </Container>
  );
}

interface RequestsProps extends Searching {
  readonly traffic: Traffic;
  /** Over how long that is. */
  readonly window: Seconds;
  /** Finds their traces; undefined where no filter can tell them from others. */
  readonly filter: (narrowing: Narrowing) => string | undefined;
}

/** How many requests there were, how they ended and how long they took; what is chosen of them, and their traces. */
export function Requests({ traffic, window, filter, search, onChange }: RequestsProps) {
  return (
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
      <FoundTraces filter={filter(narrowingOf(search))} search={search} onChange={onChange} />
    </SpaceBetween>
  );
}

interface SentProps extends Searching {
  readonly traffic: Traffic;
  readonly window: Seconds;
  readonly ages: readonly Took[];
  readonly filter: string;
}

/** How often something was sent that went on in another trace, and how old it was there; the traces of both ends. */
export function Sent({ traffic, window, ages, filter, search, onChange }: SentProps) {
  const age = (part: number) => formatDuration(percentileOf(ages, part));
  return (
    <SpaceBetween size="l">
      <KeyValuePairs
        columns={2}
        items={[
          { label: "Received", value: formatCount(traffic.total) },
          { label: "Rate", value: formatRate(rateOf(traffic, window)) },
          { label: "Age there, p50", value: age(0.5) },
          { label: "p95", value: age(0.95) },
        ]}
      />
      <FoundTraces filter={filter} search={search} onChange={onChange} />
    </SpaceBetween>
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

function ResponseTimes({ traffic, search, onChange }: Searching & { traffic: Traffic }) {
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
