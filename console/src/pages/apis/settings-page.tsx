// An API's settings: what it is, and the tracing of all its stages.

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { GatewayRestApi, GatewayStage } from "../../api/aws";
import { restApiQuery, stagesQuery } from "../../api/gateway";
import { failureOf } from "../../app/failure";
import { now } from "../../app/time";
import { PageLink } from "../../components/page-link";
import { SampleEverything } from "../../components/sample-everything";
import { Empty, Failure, Loading } from "../../components/states";
import { Trail } from "../../components/trail";
import { epochSeconds, formatTime } from "../../model/units";
import { TracingSwitch } from "./tracing";

const route = getRouteApi("/apis/$apiId/settings");

export function ApiSettingsPage() {
  const { apiId } = route.useParams();
  const api = useQuery(restApiQuery(apiId));
  const stages = useQuery(stagesQuery(apiId));
  if (!api.data || !stages.data) {
    const failure = failureOf(api, stages);
    return failure ? (
      <Failure what={`API ${apiId} could not be read`} {...failure} />
    ) : (
      <Loading what="the API's settings" />
    );
  }
  const name = api.data.name ?? apiId;
  return (
    <SpaceBetween size="m">
      <Trail crumbs={[{ text: "APIs", to: "/apis" }, { text: name, to: `/apis/${apiId}` }, { text: "API settings" }]} />
      <Header variant="h1">API settings</Header>
      <Details api={api.data} />
      <Tracing apiId={apiId} name={name} stages={stages.data} />
    </SpaceBetween>
  );
}

function Details({ api }: { api: GatewayRestApi }) {
  return (
    <Container header={<Header variant="h2">API details</Header>}>
      <KeyValuePairs
        columns={3}
        minColumnWidth={180}
        items={[
          { label: "API name", value: api.name },
          { label: "API ID", value: api.id },
          { label: "Description", value: api.description ?? "–" },
          { label: "Endpoint type", value: api.endpointConfiguration?.types?.join(", ") ?? "–" },
          { label: "Default endpoint", value: api.disableExecuteApiEndpoint ? "Inactive" : "Active" },
          { label: "Binary media types", value: api.binaryMediaTypes?.join(", ") || "None" },
          { label: "API key source", value: api.apiKeySource ?? "–" },
          { label: "Created", value: formatTime(epochSeconds(api.createdDate ?? 0), now(), "seconds") },
          {
            label: "Tags",
            value:
              Object.entries(api.tags ?? {})
                .map(([key, value]) => `${key}=${value}`)
                .join(", ") || "None",
          },
        ]}
      />
    </Container>
  );
}

function Tracing({ apiId, name, stages }: { apiId: string; name: string; stages: readonly GatewayStage[] }) {
  const names = stages.flatMap((stage) => stage.stageName ?? []);
  const all = stages.length > 0 && stages.every((stage) => stage.tracingEnabled);
  return (
    <Table
      header={
        <Header
          variant="h2"
          description="Each stage has its own switch: tracing is a setting of stages, not of the API."
          actions={<SampleEverything api={{ id: apiId, name }} />}
        >
          Logs and tracing
        </Header>
      }
      filter={<TracingSwitch apiId={apiId} stages={names} enabled={all} label="X-Ray tracing of all stages" />}
      items={stages}
      ariaLabels={{ tableLabel: "Tracing by stage" }}
      trackBy={(stage) => stage.stageName ?? ""}
      empty={<Empty title="No stages">Deploy the API: its stages are what can be traced.</Empty>}
      columnDefinitions={[
        {
          id: "stage",
          header: "Stage",
          isRowHeader: true,
          cell: (stage) => (
            <PageLink to="/apis/$apiId/stages/$stage" params={{ apiId, stage: stage.stageName ?? "" }}>
              {stage.stageName}
            </PageLink>
          ),
        },
        {
          id: "tracing",
          header: "X-Ray tracing",
          cell: (stage) => (
            <TracingSwitch
              apiId={apiId}
              stages={[stage.stageName ?? ""]}
              enabled={stage.tracingEnabled ?? false}
              label={`Stage ${stage.stageName}`}
            />
          ),
        },
      ]}
    />
  );
}
