// An API's stages, each with its invoke URL and its tracing.

import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { stagesQuery } from "../../api/gateway";
import { now } from "../../app/time";
import { CopyText } from "../../components/copy-text";
import { PageLink } from "../../components/page-link";
import { Empty, Failure } from "../../components/states";
import { stageUrl } from "../../model/stage-request";
import { epochSeconds, formatTime } from "../../model/units";

export function Stages({ apiId, onDeploy }: { apiId: string; onDeploy: () => void }) {
  const stages = useQuery(stagesQuery(apiId));
  if (stages.isError) return <Failure what="Stages could not be read" error={stages.error} retry={stages.refetch} />;
  return (
    <Table
      header={
        <Header variant="h2" counter={stages.data ? `(${stages.data.length})` : ""}>
          Stages
        </Header>
      }
      items={stages.data ?? []}
      loading={stages.isPending}
      loadingText="Loading stages"
      ariaLabels={{ tableLabel: "Stages" }}
      trackBy={(stage) => stage.stageName ?? ""}
      wrapLines
      empty={
        <Empty title="No stages">
          <p>A stage serves a deployment under a URL. Deploy the API to make one.</p>
          <Button onClick={onDeploy}>Deploy API</Button>
        </Empty>
      }
      columnDefinitions={[
        {
          id: "name",
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
          cell: (stage) =>
            stage.tracingEnabled ? (
              <StatusIndicator type="success">On</StatusIndicator>
            ) : (
              <StatusIndicator type="stopped">Off</StatusIndicator>
            ),
        },
        { id: "deployment", header: "Active deployment", cell: (stage) => stage.deploymentId },
        {
          id: "updated",
          header: "Last updated",
          cell: (stage) => formatTime(epochSeconds(stage.lastUpdatedDate ?? 0), now(), "seconds"),
        },
        {
          id: "url",
          header: "Invoke URL",
          minWidth: 280,
          cell: (stage) => (
            <CopyText text={stageUrl(window.location.origin, apiId, stage.stageName ?? "")} what="the invoke URL" />
          ),
        },
      ]}
    />
  );
}
