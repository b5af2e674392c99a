// All functions, with how they are set up and what they handled lately.

import Box from "@cloudscape-design/components/box";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { LambdaFunctionConfiguration } from "../../api/aws";
import { functionsQuery } from "../../api/functions";
import { statisticsQuery } from "../../api/statistics";
import { now } from "../../app/time";
import { PageLink } from "../../components/page-link";
import { type ListColumn, ResourceList } from "../../components/resource-list";
import { Snippet } from "../../components/snippet";
import { Empty, Failure } from "../../components/states";
import { type Series, total } from "../../model/traffic";
import { formatCount, formatTime, UNKNOWN } from "../../model/units";
import { modifiedAt } from "./modified";
import type { FUNCTION_COLUMNS } from "./routes";
import { TracingMode } from "./tracing-mode";

interface Row {
  readonly name: string;
  readonly runtime: string;
  readonly handler: string;
  readonly tracing: string;
  /** Undefined until it is known. */
  readonly requests: number | undefined;
  readonly memory: number;
  readonly timeout: number;
  readonly modified: string;
}

const route = getRouteApi("/functions");

export function FunctionsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const functions = useQuery(functionsQuery());
  const statistics = useQuery(statisticsQuery({ since: "15m" }));
  if (functions.isError) {
    return <Failure what="Functions could not be listed" error={functions.error} retry={functions.refetch} />;
  }
  const series = statistics.data?.series;
  return (
    <ResourceList
      title="Functions"
      description="Lambda functions that this server runs. Invocations are those of the last 15 minutes."
      noun={{ one: "function", many: "functions" }}
      items={(functions.data ?? []).map((one) => rowOf(one, series))}
      loading={functions.isPending}
      columns={COLUMNS}
      trackBy={(row) => row.name}
      search={search}
      onSearch={(changed) => void navigate({ search: changed, replace: true })}
      empty={<NoFunctions />}
    />
  );
}

function rowOf(one: LambdaFunctionConfiguration, series: readonly Series[] | undefined): Row {
  const name = one.FunctionName ?? "";
  return {
    name,
    runtime: one.Runtime ?? "",
    handler: one.Handler ?? "",
    tracing: one.TracingConfig?.Mode ?? "PassThrough",
    requests: series && total(series.filter((of) => of.kind === "function" && of.function === name)).requests,
    memory: one.MemorySize ?? 0,
    timeout: one.Timeout ?? 0,
    modified: one.LastModified ?? "",
  };
}

const COLUMNS: readonly (ListColumn<Row> & { id: (typeof FUNCTION_COLUMNS)[number] })[] = [
  {
    id: "name",
    header: "Function name",
    sortingField: "name",
    isRowHeader: true,
    cell: (row) => (
      <PageLink to="/functions/$name" params={{ name: row.name }}>
        {row.name}
      </PageLink>
    ),
  },
  { id: "runtime", header: "Runtime", sortingField: "runtime", cell: (row) => row.runtime },
  { id: "handler", header: "Handler", sortingField: "handler", cell: (row) => row.handler },
  {
    id: "tracing",
    header: "Active tracing",
    sortingField: "tracing",
    cell: (row) => <TracingMode active={row.tracing === "Active"} />,
  },
  {
    id: "requests",
    header: "Invocations",
    sortingField: "requests",
    cell: (row) => (row.requests === undefined ? UNKNOWN : formatCount(row.requests)),
  },
  { id: "memory", header: "Memory", sortingField: "memory", cell: (row) => `${row.memory} MB` },
  { id: "timeout", header: "Timeout", sortingField: "timeout", cell: (row) => `${row.timeout} s` },
  {
    id: "modified",
    header: "Last modified",
    sortingField: "modified",
    cell: (row) => formatTime(modifiedAt(row.modified), now(), "seconds"),
  },
];

const FIRST_FUNCTION = `fluoro up template.yaml        # a SAM template, as sam deploy would
aws --endpoint-url ${window.location.origin} lambda create-function --function-name hello \\
  --runtime python3.12 --handler app.handler --zip-file fileb://hello.zip \\
  --role arn:aws:iam::000000000000:role/hello`;

function NoFunctions() {
  return (
    <Empty title="No functions">
      <Box padding={{ bottom: "s" }}>Deploy a template, or make one with any AWS tool:</Box>
      <Box textAlign="left">
        <Snippet label="Commands that make a function" code={FIRST_FUNCTION} />
      </Box>
    </Empty>
  );
}
