// The switch of a stage's X-Ray tracing.

import Toggle from "@cloudscape-design/components/toggle";
import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { setTracing, stagesQuery } from "../../api/gateway";
import { tellFailure, tellSuccess } from "../../app/notices";

/** Switches the tracing of these stages to what is asked for. */
export function useTracing(apiId: string, stages: readonly string[]): UseMutationResult<void, Error, boolean> {
  const queries = useQueryClient();
  const what = stages.length === 1 ? `stage ${stages[0]}` : `${stages.length} stages`;
  return useMutation({
    mutationFn: async (enabled: boolean) => {
      for (const stage of stages) await setTracing(apiId, stage, enabled);
    },
    onSuccess: (_, enabled) => tellSuccess(`X-Ray tracing of ${what} is ${enabled ? "on" : "off"}`),
    onError: (error, enabled) => {
      tellFailure(`X-Ray tracing of ${what} could not be switched ${enabled ? "on" : "off"}`, error);
    },
    // Also after a failure: some stages may have been switched before it.
    onSettled: () => queries.invalidateQueries({ queryKey: stagesQuery(apiId).queryKey }),
  });
}

interface Props {
  readonly apiId: string;
  readonly stages: readonly string[];
  readonly enabled: boolean;
  readonly label: string;
  readonly description?: string;
}

export function TracingSwitch({ apiId, stages, enabled, label, description }: Props) {
  const tracing = useTracing(apiId, stages);
  return (
    <Toggle
      // Shown as it will be, until the server has said how it is.
      checked={tracing.isPending ? tracing.variables : enabled}
      disabled={tracing.isPending || stages.length === 0}
      description={description}
      onChange={({ detail }) => tracing.mutate(detail.checked)}
    >
      {label}
    </Toggle>
  );
}
