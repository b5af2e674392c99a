// A stage's settings: what it serves, whether it traces, what is sampled.

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { GatewayStage } from "../../api/aws";
import { now } from "../../app/time";
import { PageLink } from "../../components/page-link";
import { SampleEverything } from "../../components/sample-everything";
import { serviceClause } from "../../model/filter/lex";
import type { ApiIdentity } from "../../model/sampling";
import { epochSeconds, formatTime } from "../../model/units";
import { TracingSwitch } from "./tracing";

export function StageDetails({ api, stage }: { api: ApiIdentity; stage: GatewayStage }) {
  const name = stage.stageName ?? "";
  const at = (time: number | undefined) => formatTime(epochSeconds(time ?? 0), now(), "seconds");
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">Stage details</Header>}>
        <KeyValuePairs
          columns={3}
          minColumnWidth={180}
          items={[
            { label: "Stage name", value: name },
            {
              label: "Active deployment",
              value: (
                <PageLink to="/apis/$apiId" params={{ apiId: api.id }} search={{ tab: "deployments" }}>
                  {stage.deploymentId}
                </PageLink>
              ),
            },
            { label: "Description", value: stage.description ?? "–" },
            { label: "Created", value: at(stage.createdDate) },
            { label: "Last updated", value: at(stage.lastUpdatedDate) },
            { label: "Cache cluster", value: stage.cacheClusterEnabled ? "Active" : "Inactive" },
          ]}
        />
      </Container>
      <Container header={<Header variant="h2">Logs and tracing</Header>}>
        <SpaceBetween size="l">
          <TracingSwitch
            apiId={api.id}
            stages={[name]}
            enabled={stage.tracingEnabled ?? false}
            label="X-Ray tracing"
            description="The stage asks the sampling rules about each request, and records those that are sampled. It works at once, without a deployment."
          />
          <KeyValuePairs
            columns={2}
            minColumnWidth={240}
            items={[
              { label: "Sampling", value: <Sampling api={api} stage={stage} /> },
              {
                label: "Traces of this stage",
                value: (
                  <PageLink
                    to="/traces"
                    search={{ filter: serviceClause(`${api.name}/${name}`, "AWS::ApiGateway::Stage") }}
                  >
                    Show traces
                  </PageLink>
                ),
              },
            ]}
          />
        </SpaceBetween>
      </Container>
      <Variables variables={stage.variables ?? {}} />
    </SpaceBetween>
  );
}

function Sampling({ api, stage }: { api: ApiIdentity; stage: GatewayStage }) {
  return (
    <SpaceBetween size="xxs">
      <SampleEverything api={api} />
      {!stage.tracingEnabled && (
        <Box color="text-body-secondary" fontSize="body-s">
          Rules are asked only while X-Ray tracing is on.
        </Box>
      )}
    </SpaceBetween>
  );
}

function Variables({ variables }: { variables: Readonly<Record<string, string>> }) {
  const entries = Object.entries(variables);
  if (entries.length === 0) return null;
  return (
    <Container header={<Header variant="h2">Stage variables</Header>}>
      <KeyValuePairs columns={3} items={entries.map(([label, value]) => ({ label, value }))} />
    </Container>
  );
}
