// One API: what it is made of, where it is deployed, what it handles.

import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { restApiQuery, stagesQuery } from "../../api/gateway";
import { SampleEverything } from "../../components/sample-everything";
import { Failure, Loading } from "../../components/states";
import { Traffic } from "../../components/traffic";
import { DEFAULT_SINCE } from "../../components/traffic-range";
import { Trail } from "../../components/trail";
import { UrlTabs } from "../../components/url-tabs";
import { DeployDialog } from "./deploy-dialog";
import { Deployments } from "./deployments";
import { MethodTable } from "./method-table";
import { Resources } from "./resources";
import { Stages } from "./stages";

const route = getRouteApi("/apis/$apiId");

export function ApiPage() {
  const { apiId } = route.useParams();
  const { tab = "resources", since = DEFAULT_SINCE } = route.useSearch();
  const navigate = route.useNavigate();
  const [deploying, setDeploying] = useState(false);
  const api = useQuery(restApiQuery(apiId));
  const stages = useQuery(stagesQuery(apiId));
  if (api.isPending) return <Loading what="the API" />;
  if (api.isLoadingError) {
    return <Failure what={`API ${apiId} could not be read`} error={api.error} retry={api.refetch} />;
  }
  const name = api.data.name ?? apiId;
  return (
    <SpaceBetween size="m">
      <Trail crumbs={[{ text: "APIs", to: "/apis" }, { text: name }]} />
      <Header
        variant="h1"
        description={api.data.description ?? `REST API ${apiId}`}
        actions={
          <SpaceBetween direction="horizontal" size="xs" alignItems="center">
            <SampleEverything api={{ id: apiId, name }} />
            <Button onClick={() => void navigate({ to: "/apis/$apiId/settings", params: { apiId } })}>
              API settings
            </Button>
            <Button variant="primary" onClick={() => setDeploying(true)}>
              Deploy API
            </Button>
          </SpaceBetween>
        }
      >
        {name}
      </Header>
      <UrlTabs
        label={`API ${name}`}
        active={tab}
        onChange={(changed) => void navigate({ search: (before) => ({ ...before, tab: changed }) })}
        tabs={[
          { id: "resources", label: "Resources", content: <Resources apiId={apiId} /> },
          { id: "stages", label: "Stages", content: <Stages apiId={apiId} onDeploy={() => setDeploying(true)} /> },
          { id: "deployments", label: "Deployments", content: <Deployments apiId={apiId} /> },
          {
            id: "statistics",
            label: "Statistics",
            content: (
              <Traffic
                of={{ api: apiId }}
                since={since}
                onSince={(changed) =>
                  void navigate({ search: (before) => ({ ...before, since: changed }), replace: true })
                }
                hint="Call the API at one of its stages, or send a request from a stage's Test tab."
              >
                {(series) => <MethodTable series={series} withStage />}
              </Traffic>
            ),
          },
        ]}
      />
      {deploying && <DeployDialog apiId={apiId} stages={stages.data ?? []} onClose={() => setDeploying(false)} />}
    </SpaceBetween>
  );
}
