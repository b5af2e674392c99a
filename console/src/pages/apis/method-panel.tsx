// A method: the drawing of its integration, what the chosen step has, and the way to try it.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { stagesQuery } from "../../api/gateway";
import { PageLink } from "../../components/page-link";
import { Snippet } from "../../components/snippet";
import { describeIntegration, type Fact, type FactGroup, type Step, stepsOf } from "../../model/integration";
import type { MethodNode } from "../../model/resource-tree";
import { Flow } from "./flow";

const route = getRouteApi("/apis/$apiId");

export function MethodPanel({ apiId, path, node }: { apiId: string; path: string; node: MethodNode }) {
  const { step = "integration" } = route.useSearch();
  const navigate = route.useNavigate();
  const steps = stepsOf(node.method);
  const chosen = steps.find((one) => one.id === step);
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={describeIntegration(node.method.methodIntegration)}
          actions={<TestAt apiId={apiId} path={path} verb={node.verb} />}
        >
          {node.verb} {path}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Flow
          steps={steps}
          chosen={step}
          onChoose={(changed) =>
            void navigate({
              search: (before) => ({ ...before, resource: path, method: node.verb, step: changed }),
              replace: true,
            })
          }
        />
        {chosen && <StepDetails step={chosen} />}
      </SpaceBetween>
    </Container>
  );
}

/** A method is tried at a stage: there, and only there, it answers. */
function TestAt({ apiId, path, verb }: { apiId: string; path: string; verb: string }) {
  const navigate = route.useNavigate();
  const stages = useQuery(stagesQuery(apiId));
  const names = (stages.data ?? []).flatMap((stage) => stage.stageName ?? []);
  const test = (stage: string) =>
    void navigate({
      to: "/apis/$apiId/stages/$stage",
      params: { apiId, stage },
      search: { tab: "test", resource: path, method: verb },
    });
  const [first] = names;
  if (first === undefined) {
    return (
      <Button disabled disabledReason="Deploy the API first: a method answers at a stage.">
        Test
      </Button>
    );
  }
  if (names.length === 1) return <Button onClick={() => test(first)}>Test</Button>;
  return (
    <ButtonDropdown
      items={names.map((name) => ({ id: name, text: `At stage ${name}` }))}
      onItemClick={({ detail }) => test(detail.id)}
    >
      Test
    </ButtonDropdown>
  );
}

function StepDetails({ step }: { step: Step }) {
  return (
    <section aria-label={step.title}>
      <SpaceBetween size="m">
        <Box variant="h3">{step.title}</Box>
        {step.note && <Box color="text-body-secondary">{step.note}</Box>}
        {step.groups.map((group) => (
          <Facts key={group.title} group={group} />
        ))}
        {step.groups.length === 0 && !step.note && <Box color="text-body-secondary">Nothing is set here.</Box>}
      </SpaceBetween>
    </section>
  );
}

function Facts({ group }: { group: FactGroup }) {
  const short = group.facts.filter((fact) => fact.form !== "code");
  const code = group.facts.filter((fact) => fact.form === "code");
  return (
    <SpaceBetween size="xs">
      <Box variant="h4">{group.title}</Box>
      {short.length > 0 && (
        <KeyValuePairs
          columns={3}
          minColumnWidth={160}
          items={short.map((fact) => ({ label: fact.label, value: <Value fact={fact} /> }))}
        />
      )}
      {code.map((fact) => (
        <div key={fact.label}>
          <Box variant="awsui-key-label">{fact.label}</Box>
          <Snippet label={`${group.title}: ${fact.label}`} code={fact.value} wrap />
        </div>
      ))}
    </SpaceBetween>
  );
}

function Value({ fact }: { fact: Fact }) {
  if (fact.form === "function" && !fact.value.includes("$")) {
    return (
      <PageLink to="/functions/$name" params={{ name: fact.value }}>
        {fact.value}
      </PageLink>
    );
  }
  return fact.value;
}
