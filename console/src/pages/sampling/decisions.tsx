// The last requests to stages, and why each was or was not sampled.

import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Link from "@cloudscape-design/components/link";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "../../api/operation";
import { decisionsQuery, samplingRulesQuery } from "../../api/sampling";
import { now } from "../../app/time";
import { PageLink } from "../../components/page-link";
import { Empty, Failure, Loading } from "../../components/states";
import { type Decision, decidedBy, isRecorded } from "../../model/decisions";
import { epochSeconds, formatDuration, formatTime, milliseconds, UNKNOWN } from "../../model/units";
import { DecisionDetail } from "./decision-detail";
import type { SamplingSearch } from "./routes";

const route = getRouteApi("/sampling");

/** As many as a table shows well; the filters find the others. */
const SHOWN = 200;

export function Decisions() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter = {
    ...(search.rule !== undefined && { rule: search.rule }),
    ...(search.sampled !== undefined && { sampled: search.sampled }),
    ...(search.id !== undefined && { id: search.id }),
    limit: SHOWN,
  };
  const decisions = useQuery({
    ...decisionsQuery(filter),
    refetchInterval: 3_000,
    placeholderData: keepPreviousData,
  });
  const change = (to: SamplingSearch) => void navigate({ to: "/sampling", search: { ...search, ...to } });
  const explain = (request: Decision) => change({ request: request.request_id });
  const notRemembered = decisions.error instanceof ApiError && decisions.error.code === "NotFound";
  if (decisions.isPending) return <Loading what="the decisions" />;
  const requests = notRemembered ? [] : (decisions.data ?? []);
  return (
    <SpaceBetween size="m">
      {decisions.isError && !notRemembered && (
        <Failure
          what="The decisions could not be read"
          error={decisions.error}
          retry={() => void decisions.refetch()}
        />
      )}
      <Table
        items={requests}
        columnDefinitions={columns(explain)}
        trackBy="request_id"
        variant="container"
        wrapLines={false}
        stickyColumns={{ first: 1 }}
        ariaLabels={{ tableLabel: "Recent decisions" }}
        header={
          <Header
            counter={requests.length === SHOWN ? `(last ${SHOWN})` : `(${requests.length})`}
            description="Requests to stages, newest first, as rules saw them. The server remembers as many of them as its setting sampling.recent says."
          >
            Recent decisions
          </Header>
        }
        filter={<Filters />}
        empty={
          <Empty title={isFiltered(search) ? "No such request is remembered" : "No request came through a stage yet"}>
            {isFiltered(search) ? (
              <Button onClick={() => void navigate({ to: "/sampling", search: { view: "decisions" } })}>
                Clear the filters
              </Button>
            ) : (
              <>
                Call an API at one of its stages, and what was decided on each request stands here.{" "}
                <PageLink to="/start">How to send traces</PageLink>
              </>
            )}
          </Empty>
        }
      />
      {search.request !== undefined && (
        <DecisionDetail
          request={search.request}
          onDismiss={() => {
            const { request: _, ...rest } = search;
            void navigate({ to: "/sampling", search: rest });
          }}
        />
      )}
    </SpaceBetween>
  );
}

function isFiltered({ rule, sampled, id }: SamplingSearch): boolean {
  return rule !== undefined || sampled !== undefined || id !== undefined;
}

function Filters() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const rules = useQuery(samplingRulesQuery);
  // What the URL does not say yet.
  const [typed, setTyped] = useState<string>();
  const choose = (change: Record<string, unknown>) => {
    const { request: _, ...kept } = search;
    const chosen = Object.entries({ ...kept, ...change }).filter(([, value]) => value !== undefined && value !== "");
    void navigate({ to: "/sampling", search: Object.fromEntries(chosen), replace: true });
  };
  const chooseId = (id: string) => {
    setTyped(undefined);
    choose({ id: id.trim() });
  };
  const names = (rules.data ?? []).map(({ name }) => ({ value: name, label: name }));
  const ofRule = [{ value: "", label: "Any rule, or none" }, ...names];
  const ofSampled = [
    { value: "", label: "Sampled or not" },
    { value: "true", label: "Sampled" },
    { value: "false", label: "Not sampled" },
  ];
  const sampled = search.sampled === undefined ? "" : String(search.sampled);
  return (
    <SpaceBetween direction="horizontal" size="s">
      <FormField label="Rule that decided">
        <Select
          selectedOption={ofRule.find(({ value }) => value === (search.rule ?? "")) ?? { value: search.rule ?? "" }}
          options={ofRule}
          onChange={({ detail }) => choose({ rule: detail.selectedOption.value })}
          expandToViewport
        />
      </FormField>
      <FormField label="Decision">
        <Select
          selectedOption={ofSampled.find(({ value }) => value === sampled) ?? null}
          options={ofSampled}
          onChange={({ detail }) => {
            const { value } = detail.selectedOption;
            choose({ sampled: value ? value === "true" : undefined });
          }}
          expandToViewport
        />
      </FormField>
      <FormField label="Trace or request id">
        <Input
          type="search"
          value={typed ?? search.id ?? ""}
          placeholder="1-67891233-…"
          clearAriaLabel="Clear the id"
          onChange={({ detail }) => {
            setTyped(detail.value);
            if (detail.value === "") chooseId("");
          }}
          onKeyDown={({ detail }) => detail.key === "Enter" && typed !== undefined && chooseId(typed)}
          onBlur={() => typed !== undefined && chooseId(typed)}
        />
      </FormField>
    </SpaceBetween>
  );
}

function columns(explain: (request: Decision) => void): TableProps.ColumnDefinition<Decision>[] {
  return [
    { id: "at", header: "Time", isRowHeader: true, cell: ({ at }) => formatTime(epochSeconds(at), now()) },
    { id: "sampled", header: "Sampled", cell: (request) => <Sampled request={request} /> },
    {
      id: "request",
      header: "Request",
      maxWidth: 320,
      cell: ({ http_method, url_path }) => `${http_method} ${url_path}`,
    },
    { id: "service", header: "Stage", cell: ({ service_name }) => service_name ?? UNKNOWN },
    { id: "status", header: "Status", cell: ({ status }) => status ?? "No answer" },
    { id: "took", header: "Took", cell: ({ latency_ms }) => formatDuration(milliseconds(latency_ms)) },
    { id: "by", header: "Decided by", cell: (request) => <DecidedBy request={request} /> },
    {
      id: "why",
      header: "Why",
      cell: (request) => (
        <Link
          ariaLabel={`Why ${request.http_method} ${request.url_path} was ${request.sampled ? "" : "not "}sampled`}
          onFollow={() => explain(request)}
        >
          Explain
        </Link>
      ),
    },
    {
      id: "trace",
      header: "Trace",
      cell: (request) =>
        isRecorded(request) ? (
          <PageLink
            to="/traces/$traceId"
            params={{ traceId: request.trace }}
            ariaLabel={`Trace of ${request.http_method} ${request.url_path}`}
          >
            Show
          </PageLink>
        ) : (
          UNKNOWN
        ),
    },
  ];
}

function DecidedBy({ request }: { request: Decision }) {
  const { rule } = request;
  if (rule === null) return decidedBy(request);
  return (
    <>
      {decidedBy(request)} of{" "}
      <PageLink to="/sampling/$ruleName" params={{ ruleName: rule }}>
        {rule}
      </PageLink>
    </>
  );
}

/** Whether there is a trace, by sign and in words. */
export function Sampled({ request }: { request: Decision }) {
  if (request.sampled) return <StatusIndicator type="success">Sampled</StatusIndicator>;
  if (request.kept === "fault") return <StatusIndicator type="warning">Kept: it failed</StatusIndicator>;
  if (request.kept === "slow") return <StatusIndicator type="warning">Kept: it was slow</StatusIndicator>;
  return <StatusIndicator type="stopped">Not sampled</StatusIndicator>;
}
