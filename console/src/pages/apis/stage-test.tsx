// Sends requests to a stage, and shows the answer with its trace.

import Container from "@cloudscape-design/components/container";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { GatewayStage } from "../../api/aws";
import { type DeployedMethod, deployedMethodsQuery } from "../../api/gateway";
import { callStage } from "../../api/stage-call";
import { Empty, Failure, Loading } from "../../components/states";
import { REQUEST_VERBS } from "../../model/resource-tree";
import type { ApiIdentity } from "../../model/sampling";
import {
  type Draft,
  EMPTY_DRAFT,
  linkedDraft,
  pathAndQuery,
  readHeaders,
  stageUrl,
  takesBody,
} from "../../model/stage-request";
import { RequestForm, type Target } from "./request-form";
import { StageAnswerView } from "./stage-answer";

const route = getRouteApi("/apis/$apiId/stages/$stage");

export function StageTest({ api, stage }: { api: ApiIdentity; stage: GatewayStage }) {
  const deploymentId = stage.deploymentId ?? "";
  const methods = useQuery(deployedMethodsQuery(api.id, deploymentId));
  if (methods.isPending) return <Loading what="the methods that this stage serves" />;
  if (methods.isError) {
    return <Failure what="The stage's deployment could not be read" error={methods.error} retry={methods.refetch} />;
  }
  const [first] = methods.data;
  if (!first) return <Empty title="This deployment has no methods">Deploy the API again once it has some.</Empty>;
  return <Tester api={api} stage={stage} methods={methods.data} first={first} />;
}

interface TesterProps {
  readonly api: ApiIdentity;
  readonly stage: GatewayStage;
  readonly methods: readonly DeployedMethod[];
  readonly first: DeployedMethod;
}

function Tester({ api, stage, methods, first }: TesterProps) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const stageName = stage.stageName ?? "";
  const [draft, setDraft] = useState<Draft>({ ...EMPTY_DRAFT, ...search.draft });
  const target = targetOf(methods, first, search.resource, search.method);
  const send = useMutation({
    mutationFn: () =>
      callStage({
        method: target.verb,
        url: stageUrl(window.location.origin, api.id, stageName) + pathAndQuery(target.method.path, draft),
        headers: readHeaders(draft.headers).headers,
        body: takesBody(target.verb) ? draft.body : undefined,
      }),
  });
  const choose = (method: DeployedMethod, verb: string) =>
    void navigate({ search: (before) => ({ ...before, resource: method.path, method: verb }), replace: true });
  const submit = () => {
    const linked = linkedDraft(draft);
    void navigate({
      search: ({ draft: _, ...before }) => ({
        ...before,
        resource: target.method.path,
        method: target.verb,
        ...(linked && { draft: linked }),
      }),
      replace: true,
    });
    send.mutate();
  };
  return (
    <Grid gridDefinition={[{ colspan: { default: 12, s: 5 } }, { colspan: { default: 12, s: 7 } }]}>
      <RequestForm
        methods={methods}
        target={target}
        onTarget={choose}
        draft={draft}
        onDraft={setDraft}
        baseUrl={stageUrl(window.location.origin, api.id, stageName)}
        sending={send.isPending}
        onSend={submit}
      />
      <Container header={<Header variant="h2">Response</Header>}>
        {send.isPending && <Loading what="the response" />}
        {send.isError && <Failure what="The request could not be sent" error={send.error} />}
        {send.isIdle && (
          <Empty title="Nothing was sent yet">
            The request is a real one, at the stage's URL. Its answer and its trace come here.
          </Empty>
        )}
        {send.isSuccess && <StageAnswerView key={send.data.traceId} api={api} stage={stage} answer={send.data} />}
      </Container>
    </Grid>
  );
}

/** What the URL asks for, else the first method there is. `ANY` takes every verb, and is asked with one of them. */
function targetOf(
  methods: readonly DeployedMethod[],
  first: DeployedMethod,
  path: string | undefined,
  verb: string | undefined,
): Target {
  const atPath = methods.filter((method) => method.path === path);
  const method =
    atPath.find((one) => one.verb === verb) ?? atPath.find((one) => one.verb === "ANY") ?? atPath[0] ?? first;
  if (method.verb !== "ANY") return { method, verb: method.verb };
  return { method, verb: verb && REQUEST_VERBS.includes(verb) ? verb : "GET" };
}
