// What the rule beside would have kept of the requests that are remembered, before it is made.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Preview as RulePreview } from "../../api/fluoro-api";
import { ApiError } from "../../api/operation";
import { previewQuery } from "../../api/sampling";
import { PageLink } from "../../components/page-link";
import { Empty, Failure, Loading } from "../../components/states";
import { type Decision, thoseComingTo } from "../../model/decisions";
import { type Refusal, type RuleDraft, readDraft, readRefusal } from "../../model/rule-draft";
import { DEFAULT_RULE, freeName, type SamplingRule } from "../../model/sampling";
import { formatCount, formatDuration, formatPercent, formatRate, perSecond, seconds, shareOf } from "../../model/units";
import { Sampled } from "./decisions";

/** How long somebody pauses before the server is asked. */
const PAUSE_MS = 300;

const EXAMPLES = 5;

export interface PreviewState {
  /** The rule that is previewed; nothing while its numbers are none. */
  readonly rule: SamplingRule | undefined;
  readonly result: RulePreview | undefined;
  /** What the API would say to it. */
  readonly refusal: Refusal | undefined;
  readonly error: unknown;
  readonly isPending: boolean;
}

export function usePreview(draft: RuleDraft, rules: readonly SamplingRule[], isNew: boolean): PreviewState {
  const settled = useSettled(draft, PAUSE_MS);
  const read = readDraft(settled);
  const meant = "rule" in read ? read.rule : undefined;
  // Which name it will have makes no difference to what it keeps.
  const rule = meant && (isNew && meant.name === "" ? { ...meant, name: freeName("new-rule", rules) } : meant);
  const preview = useQuery({
    ...previewQuery(rule, isNew),
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const { error } = preview;
  const isRefused = rule !== undefined && error instanceof ApiError && error.code === "BadRule";
  return {
    rule,
    // What was there before stands in only for a rule that is being asked about.
    result: rule && preview.data,
    refusal: isRefused ? readRefusal(error.message) : undefined,
    error: isRefused ? null : error,
    isPending: preview.isPending,
  };
}

export function Preview({
  preview: { rule, result, error, refusal, isPending },
  rules,
  requests,
}: {
  preview: PreviewState;
  rules: readonly SamplingRule[];
  requests: readonly Decision[];
}) {
  return (
    <Container
      header={
        <Header variant="h2" description="The requests that are remembered, decided on once more. Nothing changes.">
          What it would have kept
        </Header>
      }
    >
      {refusal ? (
        <Box color="text-body-secondary">Mend the rule, and the preview goes on.</Box>
      ) : error ? (
        <Failure what="The preview could not be made" error={error} />
      ) : result ? (
        <Result
          result={result}
          isLast={rule?.name === DEFAULT_RULE}
          examples={rule ? thoseComingTo(rule, rules, requests).slice(0, EXAMPLES) : []}
        />
      ) : isPending && rule ? (
        <Loading what="the preview" />
      ) : (
        <Box color="text-body-secondary">Mend the rule, and the preview goes on.</Box>
      )}
    </Container>
  );
}

interface ResultProps {
  result: RulePreview;
  /** That earlier rules take requests from the last one is as it should be. */
  isLast: boolean;
  examples: readonly Decision[];
}

function Result({ result, isLast, examples }: ResultProps) {
  if (result.requests === 0) {
    return (
      <Empty title="No request to try the rule on">
        Call an API at a stage with X-Ray tracing, and what this rule would have kept stands here.{" "}
        {result.not_asked > 0 && `Of ${formatCount(result.not_asked)} requests none was for rules to decide. `}
        <PageLink to="/start">How to send traces</PageLink>
      </Empty>
    );
  }
  const { taken_from, hidden_by } = result;
  return (
    <SpaceBetween size="l">
      <Box color="text-body-secondary">
        Of {formatCount(result.requests)} requests in {formatDuration(seconds(Math.round(result.seconds)))} on which
        rules decided
        {result.not_asked > 0 && ` (${formatCount(result.not_asked)} more were not for rules to decide)`}:
      </Box>
      <KeyValuePairs
        columns={2}
        items={[
          {
            label: "Would come to this rule",
            value: <Figure value={formatCount(result.matched)} aside={share(result.matched, result.requests)} />,
          },
          {
            label: "Would be kept of them",
            value: <Figure value={formatCount(result.kept)} aside={share(result.kept, result.matched)} />,
          },
          { label: "Kept by the reservoir", value: formatCount(result.kept_by_reservoir) },
          {
            label: "Kept by the rate",
            value: `${formatCount(result.kept_by_rate)} (${formatCount(Number(result.expected_by_rate.toFixed(1)))} on average)`,
          },
          {
            label: "Kept, before and after",
            value: `${formatRate(perSecond(result.kept_before_per_second))} → ${formatRate(perSecond(result.kept_per_second))}`,
          },
          {
            label: "All rules together, before and after",
            value: `${formatCount(result.all_kept_before)} → ${formatCount(result.all_kept)}`,
          },
        ]}
      />
      {result.matched === 0 && Object.keys(hidden_by).length === 0 && (
        <Alert type="info">No remembered request fits this rule.</Alert>
      )}
      {Object.keys(hidden_by).length > 0 && !isLast && (
        <Alert type="warning" header="Earlier rules take requests that fit">
          <ByRule counts={hidden_by} /> A smaller priority asks this rule first.
        </Alert>
      )}
      {Object.keys(taken_from).length > 0 && (
        <div>
          <Box variant="awsui-key-label">Taken from</Box>
          <ByRule counts={taken_from} />
        </div>
      )}
      {examples.length > 0 && (
        <div>
          <Box variant="awsui-key-label">The latest that would come to it, and what was decided</Box>
          <ul>
            {examples.map((request) => (
              <li key={request.request_id}>
                <Box variant="code">
                  {request.http_method} {request.url_path}
                </Box>{" "}
                <Sampled request={request} />
              </li>
            ))}
          </ul>
        </div>
      )}
      {result.cut > 0 && (
        <Box variant="small">
          {formatCount(result.cut)} requests were too long to be remembered whole, and may fit otherwise.
        </Box>
      )}
      <Box variant="small">For stages alone: quotas of other samplers and boosts are left out.</Box>
    </SpaceBetween>
  );
}

function Figure({ value, aside }: { value: string; aside: string }) {
  return (
    <>
      <Box variant="span" fontSize="heading-xl" fontWeight="bold">
        {value}
      </Box>{" "}
      <Box variant="span" color="text-body-secondary">
        {aside}
      </Box>
    </>
  );
}

function ByRule({ counts }: { counts: Readonly<Record<string, number>> }) {
  return (
    <ul>
      {Object.entries(counts)
        .sort(([, a], [, b]) => b - a)
        .map(([rule, requests]) => (
          <li key={rule}>
            <PageLink to="/sampling/$ruleName" params={{ ruleName: rule }}>
              {rule}
            </PageLink>
            : {formatCount(requests)} {requests === 1 ? "request" : "requests"}
          </li>
        ))}
    </ul>
  );
}

function share(part: number, whole: number): string {
  return whole > 0 ? formatPercent(shareOf(part, whole)) : "";
}

/** The value as it was when nobody changed it for so long. */
function useSettled<Value>(value: Value, pauseMs: number): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value, pauseMs]);
  return settled;
}
