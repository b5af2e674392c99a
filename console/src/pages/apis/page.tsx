// All APIs, with whether they are traced and what they handled lately.

import Box from "@cloudscape-design/components/box";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQueries, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { GatewayRestApi, GatewayStage } from "../../api/aws";
import { restApisQuery, stagesQuery } from "../../api/gateway";
import { statisticsQuery } from "../../api/statistics";
import { now } from "../../app/time";
import { PageLink } from "../../components/page-link";
import { type ListColumn, ResourceList } from "../../components/resource-list";
import { Snippet } from "../../components/snippet";
import { Empty, Failure } from "../../components/states";
import { faultShare, ofMethods, type Series, type Total, total } from "../../model/traffic";
import { epochSeconds, formatCount, formatPercent, formatTime, UNKNOWN } from "../../model/units";
import type { API_COLUMNS } from "./routes";

interface Row {
  readonly name: string;
  readonly id: string;
  readonly description: string;
  readonly created: number;
  readonly stages: readonly GatewayStage[] | undefined;
  /** Undefined until it is known. */
  readonly lately: Total | undefined;
}

const route = getRouteApi("/apis");

export function ApisPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const apis = useQuery(restApisQuery());
  const statistics = useQuery(statisticsQuery({ since: "15m" }));
  const stages = useQueries({ queries: (apis.data ?? []).map((api) => stagesQuery(api.id ?? "")) });
  if (apis.isError) return <Failure what="APIs could not be listed" error={apis.error} retry={apis.refetch} />;
  const rows = (apis.data ?? []).map((api, place) => rowOf(api, stages[place]?.data, statistics.data?.series));
  return (
    <ResourceList
      title="APIs"
      description="REST APIs of API Gateway, and what they handled in the last 15 minutes, sampled or not."
      noun={{ one: "API", many: "APIs" }}
      items={rows}
      loading={apis.isPending}
      columns={COLUMNS}
      trackBy={(row) => row.id}
      search={search}
      onSearch={(changed) => void navigate({ search: changed, replace: true })}
      empty={<NoApis />}
    />
  );
}

function rowOf(
  api: GatewayRestApi,
  stages: readonly GatewayStage[] | undefined,
  series: readonly Series[] | undefined,
): Row {
  return {
    name: api.name ?? "",
    id: api.id ?? "",
    description: api.description ?? "",
    created: api.createdDate ?? 0,
    stages,
    lately: series && total(ofMethods(series).filter((one) => one.api_id === api.id)),
  };
}

const COLUMNS: readonly (ListColumn<Row> & { id: (typeof API_COLUMNS)[number] })[] = [
  {
    id: "name",
    header: "Name",
    sortingField: "name",
    isRowHeader: true,
    cell: (row) => (
      <PageLink to="/apis/$apiId" params={{ apiId: row.id }}>
        {row.name}
      </PageLink>
    ),
  },
  { id: "id", header: "API ID", sortingField: "id", cell: (row) => row.id },
  {
    id: "tracing",
    header: "X-Ray tracing",
    sortingField: "tracing",
    sortingComparator: (a, b) => traced(a) - traced(b),
    cell: (row) => <Tracing stages={row.stages} />,
  },
  {
    id: "requests",
    header: "Requests",
    sortingField: "requests",
    sortingComparator: (a, b) => (a.lately?.requests ?? 0) - (b.lately?.requests ?? 0),
    cell: (row) => (row.lately ? formatCount(row.lately.requests) : UNKNOWN),
  },
  {
    id: "faults",
    header: "Faults",
    sortingField: "faults",
    sortingComparator: (a, b) => faults(a) - faults(b),
    cell: ({ lately }) => {
      if (!lately) return UNKNOWN;
      const share = formatPercent(faultShare(lately));
      return lately.faults > 0 ? <StatusIndicator type="error">{share}</StatusIndicator> : share;
    },
  },
  {
    id: "created",
    header: "Created",
    sortingField: "created",
    cell: (row) => formatTime(epochSeconds(row.created), now(), "seconds"),
  },
  { id: "description", header: "Description", sortingField: "description", cell: (row) => row.description || "–" },
];

function faults({ lately }: Row): number {
  return (lately && faultShare(lately)) ?? -1;
}

function traced(row: Row): number {
  return (row.stages ?? []).filter((stage) => stage.tracingEnabled).length;
}

function Tracing({ stages }: { stages: readonly GatewayStage[] | undefined }) {
  if (!stages) return "–";
  if (stages.length === 0) return <StatusIndicator type="pending">No stage</StatusIndicator>;
  const on = stages.filter((stage) => stage.tracingEnabled).length;
  if (on === 0) return <StatusIndicator type="stopped">Off</StatusIndicator>;
  return (
    <StatusIndicator type="success">
      {on === stages.length ? "On" : `On for ${on} of ${stages.length} stages`}
    </StatusIndicator>
  );
}

const FIRST_API = `fluoro up template.yaml                 # a SAM template, as sam deploy would
aws --endpoint-url ${window.location.origin} apigateway create-rest-api --name my-api`;

function NoApis() {
  return (
    <Empty title="No APIs">
      <Box padding={{ bottom: "s" }}>Deploy a template, or make one with any AWS tool:</Box>
      <Box textAlign="left">
        <Snippet label="Commands that make an API" code={FIRST_API} />
      </Box>
    </Empty>
  );
}
