// How to send the first trace, from whichever language, and whether it has arrived.

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { listenersQuery } from "../../api/doctor";
import { Snippet } from "../../components/snippet";
import { Failure, Loading } from "../../components/states";
import { reachable } from "../../model/places";
import { Arrival } from "./arrival";
import { GUIDES, type Guide, type Places } from "./guides";
import css from "./page.module.css";

const route = getRouteApi("/start");

export function StartPage() {
  const listeners = useQuery(listenersQuery);
  return (
    <ContentLayout
      header={
        <Header variant="h1" description="Nothing of your program changes but the address that it is told.">
          Send traces
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Arrival />
        {listeners.isPending && <Loading what="the server's addresses" />}
        {listeners.isError && (
          <Failure
            what="The server's addresses could not be read"
            error={listeners.error}
            retry={() => void listeners.refetch()}
          />
        )}
        {listeners.data && <Guides places={reachable(listeners.data, window.location.hostname)} />}
      </SpaceBetween>
    </ContentLayout>
  );
}

function Guides({ places }: { places: Places }) {
  const { language } = route.useSearch();
  const navigate = route.useNavigate();
  const chosen = GUIDES.find(({ id }) => id === language) ?? GUIDES[0];
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">Where this server listens</Header>}>
        <KeyValuePairs
          columns={2}
          minColumnWidth={300}
          items={[
            {
              label: "AWS APIs, for SDKs and the AWS CLI",
              value: (
                <Snippet inline code={`AWS_ENDPOINT_URL=${places.endpoint}`} label="the address of the AWS APIs" />
              ),
            },
            {
              label: "X-Ray daemon, UDP and TCP, for X-Ray SDKs",
              value: (
                <Snippet
                  inline
                  code={`AWS_XRAY_DAEMON_ADDRESS=${places.daemon}`}
                  label="the address of the X-Ray daemon"
                />
              ),
            },
          ]}
        />
      </Container>
      <Tabs
        variant="container"
        ariaLabel="Languages and tools"
        activeTabId={chosen.id}
        onChange={({ detail }) =>
          void navigate({ to: "/start", search: { language: detail.activeTabId }, replace: true })
        }
        tabs={GUIDES.map((guide) => ({
          id: guide.id,
          label: guide.label,
          content: guide === chosen && <Steps guide={guide} places={places} />,
        }))}
      />
    </SpaceBetween>
  );
}

function Steps({ guide, places }: { guide: Guide; places: Places }) {
  const { kind } = route.useSearch();
  const navigate = route.useNavigate();
  const variant = guide.variants.find(({ id }) => id === kind) ?? guide.variants[0];
  return (
    <SpaceBetween size="l">
      {guide.variants.length > 1 && (
        <SegmentedControl
          label="From where"
          selectedId={variant.id}
          options={guide.variants.map(({ id, label }) => ({ id, text: label }))}
          onChange={({ detail }) =>
            void navigate({ to: "/start", search: { language: guide.id, kind: detail.selectedId }, replace: true })
          }
        />
      )}
      <ol className={css.steps}>
        {variant.steps(places).map(({ title, text, code, file }) => (
          <li key={title}>
            <Box variant="h3">{title}</Box>
            {file && <Box variant="code">{file}</Box>}
            {code && <Snippet code={code} label={file ?? title} />}
            {text && <Box color="text-body-secondary">{text}</Box>}
          </li>
        ))}
      </ol>
    </SpaceBetween>
  );
}
