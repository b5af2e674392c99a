// A group of failures: what was thrown and where, since when, and the traces to look into.

import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo } from "react";
import { timeOf, type Window } from "../../app/time";
import { LatestTraces, LatestTracesHeader } from "../../components/latest-traces";
import { OUTCOME_WORDS, OutcomeSign } from "../../components/outcome-sign";
import { PanelHeader } from "../../components/panel-header";
import { Timeline } from "../../components/timeline";
import { type FailureGroup, titleOf } from "../../model/errors";
import { groupFilter } from "../../model/errors-filter";
import { kindOf, shortName } from "../../model/graph-kind";
import { formatCount, formatPercent, formatTime, shareOf } from "../../model/units";
import type { ErrorsChange, ErrorsSearch } from "./search";
import { StackOf } from "./stack";

interface Props {
  readonly group: FailureGroup;
  /** Of how many failed traces. */
  readonly total: number;
  readonly window: Window;
  readonly search: ErrorsSearch;
  readonly onChange: (change: ErrorsChange) => void;
}

/** So many of the latest traces, and of the messages, are listed. */
const LISTED = 10;

export function FailureDetail({ group, total, window, search, onChange }: Props) {
  const { exception, kind, isHandled, traces, firstSeen, lastSeen } = group;
  const samples = useMemo(() => traces.map(({ at }) => ({ value: at, outcome: kind })), [traces, kind]);
  const [latest] = traces;
  return (
    <Container
      header={
        <PanelHeader
          description={
            <>
              <OutcomeSign outcome={kind} silent /> {OUTCOME_WORDS[kind]}{" "}
              {isHandled && <Badge>Handled by its caller</Badge>}
            </>
          }
          onClose={() => onChange({ failure: undefined })}
        >
          {titleOf(group)}
        </PanelHeader>
      }
    >
      <SpaceBetween size="l">
        <Messages group={group} />
        <KeyValuePairs
          columns={2}
          items={[
            {
              label: "Traces",
              value: `${formatCount(traces.length)} (${formatPercent(shareOf(traces.length, total))})`,
            },
            { label: "First seen", value: formatTime(firstSeen, window.to, "seconds") },
            { label: "Last seen", value: formatTime(lastSeen, window.to, "seconds") },
          ]}
        />
        <Timeline
          label="Failed traces"
          samples={samples}
          window={window}
          onChoose={(from, to) => onChange({ since: undefined, from, to })}
          height={100}
        />
        <Traces group={group} search={search} />
        <div>
          <Header variant="h3">How it came there</Header>
          <Path group={group} />
        </div>
        {exception && latest && (
          <div>
            <Header variant="h3">Stack</Header>
            <StackOf trace={latest.id} exception={{ name: exception.name, message: latest.message }} />
          </div>
        )}
      </SpaceBetween>
    </Container>
  );
}

function Messages({ group: { messages, exception } }: { group: FailureGroup }) {
  const [first] = messages;
  if (!exception || !first) return null;
  if (messages.length === 1) return <Box variant="code">{first.text}</Box>;
  return (
    <div>
      <Box variant="code">{exception.message}</Box>
      <ExpandableSection headerText={`${formatCount(messages.length)} messages like this`}>
        <ul className="failure-messages">
          {messages.slice(0, LISTED).map(({ text, count }) => (
            <li key={text}>
              {formatCount(count)} × {text}
            </li>
          ))}
        </ul>
        {messages.length > LISTED && <Box color="text-body-secondary">The most frequent {LISTED} of them.</Box>}
      </ExpandableSection>
    </div>
  );
}

/** From the service that was called first to where it failed. */
function Path({ group: { path } }: { group: FailureGroup }) {
  return (
    <ol className="failure-path">
      {path.map((service, at) => (
        // A path may lead through the same service twice.
        <li key={at}>
          <strong>{shortName(service.name, service.type)}</strong>{" "}
          <Box variant="span" color="text-body-secondary">
            {kindOf(service.type).label}
            {service.isInferred && ", known from its caller"}
          </Box>
          {service.entities.length > 1 && (
            <ol>
              {service.entities.slice(1).map((entity, step) => (
                <li key={step}>
                  {entity.name}
                  {entity.isCall && " (call)"}
                </li>
              ))}
            </ol>
          )}
        </li>
      ))}
    </ol>
  );
}

function Traces({ group, search }: { group: FailureGroup; search: ErrorsSearch }) {
  const lines = group.traces.slice(0, LISTED).map((trace) => ({ ...trace, start: trace.at }));
  return (
    <SpaceBetween size="s">
      <LatestTracesHeader time={timeOf(search)} filter={groupFilter(group)} group={search.group} />
      <LatestTraces traces={lines} label="Latest traces" />
    </SpaceBetween>
  );
}
