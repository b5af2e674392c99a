// The switch of a function's active tracing, with what stands in its way.

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { functionStateQuery, setActiveTracing } from "../../api/functions";
import { tellFailure, tellSuccess } from "../../app/notices";
import { RoleWarning } from "./role-warning";

export function MonitoringTools({ name, active }: { name: string; active: boolean }) {
  const queries = useQueryClient();
  const tracing = useMutation({
    mutationFn: (on: boolean) => setActiveTracing(name, on),
    onSuccess: (_, on) => tellSuccess(`Active tracing of ${name} is ${on ? "on" : "off"}`),
    onError: (error, on) => tellFailure(`Active tracing of ${name} could not be switched ${on ? "on" : "off"}`, error),
    onSettled: () => queries.invalidateQueries({ queryKey: ["functions"] }),
  });
  const state = useQuery(functionStateQuery(name));
  const refused = !active && state.data?.may_write_traces === false;
  return (
    <Container header={<Header variant="h2">Monitoring and operations tools</Header>}>
      <SpaceBetween size="m">
        <Toggle
          checked={tracing.isPending ? tracing.variables : active}
          disabled={tracing.isPending || refused}
          description="Lambda records the function's invocations in X-Ray. Off, it passes the caller's decision on and records nothing itself."
          onChange={({ detail }) => tracing.mutate(detail.checked)}
        >
          Active tracing
        </Toggle>
        {refused && <RoleWarning name={name} always />}
      </SpaceBetween>
    </Container>
  );
}
