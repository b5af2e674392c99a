// What was deployed, newest first, and which stages serve it.

import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import type { GatewayDeployment, GatewayStage } from "../../api/aws";
import { deploymentsQuery, stagesQuery } from "../../api/gateway";
import { now } from "../../app/time";
import { PageLink } from "../../components/page-link";
import { Empty, Failure } from "../../components/states";
import { epochSeconds, formatTime } from "../../model/units";

export function Deployments({ apiId }: { apiId: string }) {
  const deployments = useQuery(deploymentsQuery(apiId));
  const stages = useQuery(stagesQuery(apiId));
  if (deployments.isError) {
    return <Failure what="Deployments could not be read" error={deployments.error} retry={deployments.refetch} />;
  }
  const newest = (deployments.data ?? []).toSorted((a, b) => (b.createdDate ?? 0) - (a.createdDate ?? 0));
  return (
    <Table
      header={
        <Header
          variant="h2"
          counter={deployments.data ? `(${deployments.data.length})` : ""}
          description="Snapshots of the API. A stage serves one of them; what is changed later is not in it."
        >
          Deployments
        </Header>
      }
      items={newest}
      loading={deployments.isPending}
      loadingText="Loading deployments"
      ariaLabels={{ tableLabel: "Deployments" }}
      trackBy={(deployment) => deployment.id ?? ""}
      wrapLines
      empty={<Empty title="No deployments">Deploy the API, so that it can be called.</Empty>}
      columnDefinitions={[
        { id: "id", header: "Deployment", isRowHeader: true, cell: (one) => one.id },
        {
          id: "created",
          header: "Created",
          cell: (one) => formatTime(epochSeconds(one.createdDate ?? 0), now(), "seconds"),
        },
        { id: "description", header: "Description", cell: (one) => one.description ?? "–" },
        {
          id: "stages",
          header: "Active at",
          cell: (one) => <ActiveAt apiId={apiId} deployment={one} stages={stages.data ?? []} />,
        },
      ]}
    />
  );
}

function ActiveAt(props: { apiId: string; deployment: GatewayDeployment; stages: readonly GatewayStage[] }) {
  const { apiId, deployment, stages } = props;
  const active = stages.flatMap((stage) => (stage.deploymentId === deployment.id && stage.stageName) || []);
  if (active.length === 0) return "–";
  return (
    <SpaceBetween direction="horizontal" size="xs">
      {active.map((stage) => (
        <PageLink key={stage} to="/apis/$apiId/stages/$stage" params={{ apiId, stage }}>
          {stage}
        </PageLink>
      ))}
    </SpaceBetween>
  );
}
