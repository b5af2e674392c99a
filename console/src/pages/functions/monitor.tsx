// What a function handled, and the environments in which it runs now.

import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { FunctionState } from "../../api/fluoro-api";
import { functionStateQuery } from "../../api/functions";
import { now } from "../../app/time";
import { PageLink } from "../../components/page-link";
import { Empty, Failure } from "../../components/states";
import { Traffic } from "../../components/traffic";
import { DEFAULT_SINCE } from "../../components/traffic-range";
import { serviceClause } from "../../model/filter/lex";
import { epochSeconds, formatAge, formatCount } from "../../model/units";

const route = getRouteApi("/functions/$name");

export function Monitor({ name }: { name: string }) {
  const { since = DEFAULT_SINCE } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <SpaceBetween size="l">
      <Traffic
        of={{ function: name }}
        what="invocations"
        since={since}
        onSince={(changed) => void navigate({ search: (before) => ({ ...before, since: changed }), replace: true })}
        hint="Invoke the function from the Test tab, or call an API that it answers."
      />
      <Box>
        <PageLink to="/traces" search={{ filter: serviceClause(name, "AWS::Lambda::Function"), since: "1h" }}>
          Show the function's traces
        </PageLink>
      </Box>
      <Environments name={name} />
    </SpaceBetween>
  );
}

const STATES: Readonly<
  Record<FunctionState["environments"][number]["state"], { type: StatusIndicatorProps.Type; text: string }>
> = {
  starting: { type: "loading", text: "Starting" },
  ready: { type: "success", text: "Waiting" },
  busy: { type: "in-progress", text: "Running" },
};

function Environments({ name }: { name: string }) {
  const state = useQuery({ ...functionStateQuery(name), refetchInterval: 1_000 });
  if (state.isError) return <Failure what="Environments could not be read" error={state.error} retry={state.refetch} />;
  const environments = state.data?.environments ?? [];
  const at = now();
  return (
    <Table
      header={
        <Header
          variant="h2"
          counter={`(${environments.length})`}
          description="Each runs one invocation at a time, and is kept for the next."
        >
          Environments alive now
        </Header>
      }
      items={environments}
      loading={state.isPending}
      loadingText="Loading environments"
      trackBy="stream"
      wrapLines
      ariaLabels={{ tableLabel: "Environments alive now" }}
      empty={
        <Empty title="No environment is alive">
          The next invocation starts one; its trace shows how long that takes.
        </Empty>
      }
      columnDefinitions={[
        { id: "stream", header: "Environment", minWidth: 200, isRowHeader: true, cell: (one) => one.stream },
        {
          id: "state",
          header: "State",
          minWidth: 160,
          cell: (one) => (
            <StatusIndicator type={STATES[one.state].type}>
              {STATES[one.state].text}, {formatAge(epochSeconds(one.since), at)}
            </StatusIndicator>
          ),
        },
        { id: "started", header: "Started", cell: (one) => formatAge(epochSeconds(one.started), at) },
        { id: "invocations", header: "Invocations", cell: (one) => formatCount(one.invocations) },
        { id: "pid", header: "Process", cell: (one) => one.pid },
        { id: "daemon", header: "X-Ray daemon", cell: (one) => one.daemon },
      ]}
    />
  );
}
