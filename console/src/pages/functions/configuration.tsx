// A function's settings, in the order and in the words of AWS's console.

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import type { LambdaFunctionConfiguration, LambdaGetFunctionResponse } from "../../api/aws";
import { functionPolicyQuery } from "../../api/functions";
import { attachedPolicies, roleName } from "../../api/iam";
import { CopyText } from "../../components/copy-text";
import { Empty, Failure } from "../../components/states";
import { MonitoringTools } from "./monitoring-tools";

interface Props {
  readonly name: string;
  readonly read: LambdaGetFunctionResponse;
  readonly configuration: LambdaFunctionConfiguration;
}

export function Configuration({ name, read, configuration }: Props) {
  return (
    <SpaceBetween size="l">
      <MonitoringTools name={name} active={configuration.TracingConfig?.Mode === "Active"} />
      <General read={read} configuration={configuration} />
      <Variables variables={configuration.Environment?.Variables ?? {}} />
      <Permissions role={configuration.Role ?? ""} />
      <Triggers name={name} />
    </SpaceBetween>
  );
}

function General({ read, configuration }: Omit<Props, "name">) {
  const reserved = read.Concurrency?.ReservedConcurrentExecutions;
  return (
    <Container header={<Header variant="h2">General configuration</Header>}>
      <KeyValuePairs
        columns={3}
        minColumnWidth={160}
        items={[
          { label: "Description", value: configuration.Description || "–" },
          { label: "Memory", value: `${configuration.MemorySize} MB` },
          { label: "Ephemeral storage", value: `${configuration.EphemeralStorage?.Size ?? 512} MB` },
          { label: "Timeout", value: `${configuration.Timeout} s` },
          { label: "Architecture", value: configuration.Architectures?.join(", ") },
          { label: "Reserved concurrency", value: reserved ?? "None" },
          { label: "Log group", value: configuration.LoggingConfig?.LogGroup ?? "–" },
          { label: "State", value: configuration.StateReason ?? configuration.State },
          {
            label: "Tags",
            value:
              Object.entries(read.Tags ?? {})
                .map(([key, value]) => `${key}=${value}`)
                .join(", ") || "None",
          },
        ]}
      />
    </Container>
  );
}

function Variables({ variables }: { variables: Readonly<Record<string, string>> }) {
  const rows = Object.entries(variables).map(([key, value]) => ({ key, value }));
  return (
    <Table
      header={
        <Header variant="h2" counter={`(${rows.length})`}>
          Environment variables
        </Header>
      }
      items={rows}
      trackBy="key"
      wrapLines
      ariaLabels={{ tableLabel: "Environment variables" }}
      empty={<Empty title="No environment variables">The template or UpdateFunctionConfiguration sets them.</Empty>}
      columnDefinitions={[
        { id: "key", header: "Key", isRowHeader: true, cell: (row) => row.key },
        {
          id: "value",
          header: "Value",
          minWidth: 200,
          cell: (row) => <CopyText text={row.value} what={`the value of ${row.key}`} />,
        },
      ]}
    />
  );
}

function Permissions({ role }: { role: string }) {
  const name = roleName(role);
  const policies = useQuery({
    queryKey: ["functions", "role", name, "policies"],
    queryFn: ({ signal }) => attachedPolicies(name, signal),
  });
  return (
    <Container header={<Header variant="h2">Permissions</Header>}>
      <KeyValuePairs
        columns={2}
        items={[
          {
            label: "Execution role",
            value: <CopyText text={role} what="the role's ARN" />,
          },
          {
            label: "Attached policies",
            value: policies.isError ? (
              <Failure what="The role could not be read" error={policies.error} />
            ) : (
              policies.data?.map((policy) => <div key={policy.arn}>{policy.name}</div>)
            ),
          },
        ]}
      />
    </Container>
  );
}

function Triggers({ name }: { name: string }) {
  const policy = useQuery(functionPolicyQuery(name));
  if (policy.isError) return <Failure what="The function's policy could not be read" error={policy.error} />;
  return (
    <Table
      header={
        <Header variant="h2" description="Who may call the function, by its resource-based policy.">
          Triggers
        </Header>
      }
      items={policy.data ?? []}
      loading={policy.isPending}
      loadingText="Loading triggers"
      trackBy="id"
      wrapLines
      ariaLabels={{ tableLabel: "Triggers" }}
      empty={
        <Empty title="Nobody else may call it">AddPermission or an event of a template lets a service call it.</Empty>
      }
      columnDefinitions={[
        { id: "principal", header: "Principal", isRowHeader: true, cell: (one) => one.principal },
        { id: "action", header: "Action", cell: (one) => one.action },
        { id: "source", header: "From", minWidth: 240, cell: (one) => <Box>{one.source || "Anywhere"}</Box> },
        { id: "id", header: "Statement", cell: (one) => one.id },
      ]}
    />
  );
}
