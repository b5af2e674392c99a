// One decision, explained: what was seen of the request, which rules were asked, and what made one fit.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { decisionsQuery } from "../../api/sampling";
import { now } from "../../app/time";
import { PageLink } from "../../components/page-link";
import { Failure, Loading } from "../../components/states";
import { type Compared, type Decision, isRecorded, valuesOf } from "../../model/decisions";
import { PATTERNS } from "../../model/sampling";
import { epochSeconds, formatDuration, formatTime, milliseconds } from "../../model/units";
import { PATTERN_LABELS } from "./conditions";
import { Sampled } from "./decisions";

export function DecisionDetail({ request: id, onDismiss }: { request: string; onDismiss: () => void }) {
  const router = useRouter();
  const decisions = useQuery(decisionsQuery({ id }));
  const request = decisions.data?.[0];
  return (
    <Modal
      visible
      size="large"
      onDismiss={onDismiss}
      closeAriaLabel="Close"
      header={request ? `Why this was ${request.sampled ? "" : "not "}sampled` : "Why this was, or was not, sampled"}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            {request && (
              <Button onClick={() => void router.navigate({ to: "/sampling/new", search: ruleFor(request) })}>
                Create a rule for such requests
              </Button>
            )}
            <Button variant="primary" onClick={onDismiss}>
              Close
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {decisions.isPending && <Loading what="the decision" />}
      {decisions.isError && <Failure what="The decision could not be read" error={decisions.error} />}
      {request && <Explanation request={request} />}
    </Modal>
  );
}

/** The patterns of a rule that fits requests like this one: the same stage, method and path, from whichever host. */
function ruleFor(request: Decision) {
  const { serviceName, serviceType, httpMethod, urlPath } = valuesOf(request);
  const patterns = { serviceName, serviceType, httpMethod, urlPath };
  return Object.fromEntries(Object.entries(patterns).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

/** What a decision came of; the trace page shows it, too. */
export function Explanation({ request }: { request: Decision }) {
  const values = valuesOf(request);
  return (
    <SpaceBetween size="l">
      <SpaceBetween size="xxs">
        <Box variant="h3" padding="n">
          {request.http_method} {request.url_path}
        </Box>
        <Sampled request={request} />
        <Box>{capitalised(request.reason)}.</Box>
        {request.by === "tracing_off" && (
          <Box color="text-body-secondary">
            Switch X-Ray tracing on at the stage's page, below <PageLink to="/apis">APIs</PageLink>.
          </Box>
        )}
      </SpaceBetween>
      {request.rule !== null && (
        <div>
          <Box variant="h4">Rules that were asked, in this order</Box>
          <ol>
            {request.passed_over.map(({ rule, priority, because }) => (
              <li key={rule}>
                <RuleLink rule={rule} /> (priority {priority}) does not fit:{" "}
                <Reasons compared={because} verb="is not" />
              </li>
            ))}
            <li>
              <RuleLink rule={request.rule} /> fits
              {request.because.length === 0 ? ": it asks for nothing in particular" : ": "}
              <Reasons compared={request.because} verb="is" />
            </li>
          </ol>
        </div>
      )}
      <KeyValuePairs
        columns={3}
        items={[
          { label: "Time", value: formatTime(epochSeconds(request.at), now()) },
          { label: "Answer", value: request.status === null ? "None: the client went away" : request.status },
          { label: "Took", value: formatDuration(milliseconds(request.latency_ms)) },
          { label: "Trace", value: <TraceLink request={request} /> },
          { label: "Request id", value: request.request_id },
          ...PATTERNS.map((name) => ({ label: PATTERN_LABELS[name], value: values[name] ?? "Unknown" })),
        ]}
      />
      <ExpandableSection headerText={`Headers (${request.headers.length})`}>
        <KeyValuePairs
          columns={2}
          items={request.headers.map(([name, value]) => ({ label: name, value: <Box variant="code">{value}</Box> }))}
        />
      </ExpandableSection>
      {request.cut && (
        <Box color="text-body-secondary">Something of the request was too long to be remembered whole.</Box>
      )}
    </SpaceBetween>
  );
}

function TraceLink({ request }: { request: Decision }) {
  if (!isRecorded(request)) return request.trace;
  return (
    <PageLink to="/traces/$traceId" params={{ traceId: request.trace }}>
      {request.trace}
    </PageLink>
  );
}

function RuleLink({ rule }: { rule: string }) {
  return (
    <PageLink to="/sampling/$ruleName" params={{ ruleName: rule }}>
      {rule}
    </PageLink>
  );
}

function Reasons({ compared, verb }: { compared: readonly Compared[]; verb: "is" | "is not" }) {
  return compared.map(({ property, pattern, value }, place) => (
    <span key={property}>
      {place > 0 && ", "}
      {labelOf(property)}{" "}
      {value === null ? (
        "is not there"
      ) : (
        <>
          <Box variant="code">{value}</Box> {verb} <Box variant="code">{pattern}</Box>
        </>
      )}
    </span>
  ));
}

/** `http_method` and `attribute x-canary`, as people call them. */
function labelOf(property: string): string {
  const known = PATTERNS.find((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) === property);
  return known ? PATTERN_LABELS[known] : property;
}

function capitalised(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
