// One stage of an API: its settings with the tracing switch, a form that sends it requests, what it handled.

import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { restApiQuery, stagesQuery } from "../../api/gateway";
import { failureOf } from "../../app/failure";
import { CopyText } from "../../components/copy-text";
import { Failure, Loading } from "../../components/states";
import { Traffic } from "../../components/traffic";
import { DEFAULT_SINCE } from "../../components/traffic-range";
import { Trail } from "../../components/trail";
import { UrlTabs } from "../../components/url-tabs";
import { stageUrl } from "../../model/stage-request";
import { ofStage } from "../../model/traffic";
import { MethodTable } from "./method-table";
import { StageDetails } from "./stage-details";
import { StageTest } from "./stage-test";

const route = getRouteApi("/apis/$apiId/stages/$stage");

export function StagePage() {
  const { apiId, stage: name } = route.useParams();
  const { tab = "details", since = DEFAULT_SINCE } = route.useSearch();
  const navigate = route.useNavigate();
  const api = useQuery(restApiQuery(apiId));
  const stages = useQuery(stagesQuery(apiId));
  if (!api.data || !stages.data) {
    const failure = failureOf(api, stages);
    return failure ? <Failure what={`Stage ${name} could not be read`} {...failure} /> : <Loading what="the stage" />;
  }
  const stage = stages.data.find((one) => one.stageName === name);
  const apiName = api.data.name ?? apiId;
  if (!stage) return <NoStage apiId={apiId} apiName={apiName} name={name} />;
  return (
    <SpaceBetween size="m">
      <Crumbs apiId={apiId} apiName={apiName} name={name} />
      <Header
        variant="h1"
        description={<CopyText text={stageUrl(window.location.origin, apiId, name)} what="the invoke URL" />}
      >
        {name}
      </Header>
      <UrlTabs
        label={`Stage ${name}`}
        active={tab}
        onChange={(changed) => void navigate({ search: (before) => ({ ...before, tab: changed }) })}
        tabs={[
          {
            id: "details",
            label: "Stage details",
            content: <StageDetails api={{ id: apiId, name: apiName }} stage={stage} />,
          },
          {
            id: "test",
            label: "Test",
            content: <StageTest api={{ id: apiId, name: apiName }} stage={stage} />,
          },
          {
            id: "statistics",
            label: "Statistics",
            content: (
              <Traffic
                of={{ api: apiId }}
                only={(series) => ofStage(series, name)}
                since={since}
                onSince={(changed) =>
                  void navigate({ search: (before) => ({ ...before, since: changed }), replace: true })
                }
                hint="Call the stage at its invoke URL, or send a request from the Test tab."
              >
                {(series) => <MethodTable series={series} />}
              </Traffic>
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}

function Crumbs({ apiId, apiName, name }: { apiId: string; apiName: string; name: string }) {
  return (
    <Trail
      crumbs={[
        { text: "APIs", to: "/apis" },
        { text: apiName, to: `/apis/${apiId}` },
        { text: "Stages", to: `/apis/${apiId}?tab=stages` },
        { text: name },
      ]}
    />
  );
}

function NoStage({ apiId, apiName, name }: { apiId: string; apiName: string; name: string }) {
  return (
    <SpaceBetween size="m">
      <Crumbs apiId={apiId} apiName={apiName} name={name} />
      <Failure
        what={`API ${apiName} has no stage ${name}`}
        error={new Error("It was deleted, or the address is misspelt. The API's page lists its stages.")}
      />
    </SpaceBetween>
  );
}
