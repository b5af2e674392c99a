// One function: what it is, and tabs for its code, tests, numbers, log and settings.

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { LambdaFunctionConfiguration } from "../../api/aws";
import { functionQuery } from "../../api/functions";
import { now } from "../../app/time";
import { CopyText } from "../../components/copy-text";
import { Failure, Loading } from "../../components/states";
import { Trail } from "../../components/trail";
import { UrlTabs } from "../../components/url-tabs";
import { formatBytes, formatTime } from "../../model/units";
import { Code } from "./code";
import { Configuration } from "./configuration";
import { Log } from "./log";
import { modifiedAt } from "./modified";
import { Monitor } from "./monitor";
import { RoleWarning } from "./role-warning";
import { Test } from "./test";
import { TracingMode } from "./tracing-mode";

const route = getRouteApi("/functions/$name");

export function FunctionPage() {
  const { name } = route.useParams();
  const { tab = "code" } = route.useSearch();
  const navigate = route.useNavigate();
  const read = useQuery(functionQuery(name));
  if (read.isPending) return <Loading what="the function" />;
  if (read.isLoadingError) {
    return <Failure what={`Function ${name} could not be read`} error={read.error} retry={read.refetch} />;
  }
  const configuration = read.data.Configuration ?? {};
  return (
    <SpaceBetween size="m">
      <Trail crumbs={[{ text: "Functions", to: "/functions" }, { text: name }]} />
      <Header variant="h1" description={configuration.Description}>
        {name}
      </Header>
      <RoleWarning name={name} />
      <Overview configuration={configuration} />
      <UrlTabs
        label={`Function ${name}`}
        active={tab}
        onChange={(changed) => void navigate({ search: (before) => ({ ...before, tab: changed }) })}
        tabs={[
          { id: "code", label: "Code", content: <Code name={name} sha256={configuration.CodeSha256 ?? ""} /> },
          { id: "test", label: "Test", content: <Test name={name} /> },
          { id: "monitor", label: "Monitor", content: <Monitor name={name} /> },
          { id: "logs", label: "Logs", content: <Log key={name} name={name} /> },
          {
            id: "configuration",
            label: "Configuration",
            content: <Configuration name={name} read={read.data} configuration={configuration} />,
          },
        ]}
      />
    </SpaceBetween>
  );
}

function Overview({ configuration }: { configuration: LambdaFunctionConfiguration }) {
  return (
    <Container header={<Header variant="h2">Function overview</Header>}>
      <KeyValuePairs
        columns={4}
        minColumnWidth={150}
        items={[
          { label: "Runtime", value: configuration.Runtime },
          { label: "Handler", value: configuration.Handler },
          { label: "Memory", value: `${configuration.MemorySize} MB` },
          { label: "Timeout", value: `${configuration.Timeout} s` },
          {
            label: "Active tracing",
            value: <TracingMode active={configuration.TracingConfig?.Mode === "Active"} />,
          },
          { label: "Code size", value: formatBytes(configuration.CodeSize) },
          { label: "Last modified", value: formatTime(modifiedAt(configuration.LastModified), now(), "seconds") },
          {
            label: "Function ARN",
            value: <CopyText text={configuration.FunctionArn ?? ""} what="the function ARN" />,
          },
        ]}
      />
    </Container>
  );
}
