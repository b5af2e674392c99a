// Invokes the function with an event that somebody writes, takes from a template or has saved.

import Container from "@cloudscape-design/components/container";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { functionStateQuery, invokeFunction } from "../../api/functions";
import { Empty, Failure, Loading } from "../../components/states";
import { TEMPLATES } from "../../model/test-event";
import { newTraceId } from "../../model/trace-header";
import { EventForm } from "./event-form";
import { useSavedEvents } from "./events";
import { TestResult } from "./test-result";

const route = getRouteApi("/functions/$name");

export function Test({ name }: { name: string }) {
  const { event: chosen } = route.useSearch();
  const saved = useSavedEvents(name);
  const event = [...saved, ...TEMPLATES].find((one) => one.name === chosen) ?? TEMPLATES[0];
  const [draft, setDraft] = useState({ of: event, text: event?.text ?? "" });
  // Another event was chosen: what was written for the one before goes.
  if (draft.of !== event) setDraft({ of: event, text: event?.text ?? "" });
  const [sampled, setSampled] = useState(true);
  const queries = useQueryClient();
  const invocation = useMutation({
    mutationFn: () => {
      const header = sampled && `Root=${newTraceId(Date.now(), crypto.getRandomValues(new Uint8Array(12)))};Sampled=1`;
      return invokeFunction(name, draft.text, header || undefined);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: functionStateQuery(name).queryKey }),
  });
  return (
    <Grid gridDefinition={[{ colspan: { default: 12, s: 5 } }, { colspan: { default: 12, s: 7 } }]}>
      <EventForm
        name={name}
        saved={saved}
        chosen={event?.name ?? ""}
        text={draft.text}
        onText={(text) => setDraft({ of: event, text })}
        sampled={sampled}
        onSampled={setSampled}
        running={invocation.isPending}
        onInvoke={() => invocation.mutate()}
      />
      <Container header={<Header variant="h2">Result</Header>}>
        {invocation.isPending && <Loading what="the result" />}
        {invocation.isError && <Failure what="The function could not be invoked" error={invocation.error} />}
        {invocation.isIdle && (
          <Empty title="The function was not invoked yet">
            Its answer, the end of its log and its trace come here.
          </Empty>
        )}
        {invocation.isSuccess && <TestResult name={name} invoked={invocation.data} />}
      </Container>
    </Grid>
  );
}
