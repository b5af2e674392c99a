// Says that a function traces and its role may not write traces, and mends that.

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { functionStateQuery } from "../../api/functions";
import { attachRolePolicy, roleName, XRAY_WRITE_POLICY } from "../../api/iam";
import { tellFailure, tellSuccess } from "../../app/notices";

/** Nothing while all is well; with `always`, also before tracing is switched on. */
export function RoleWarning({ name, always = false }: { name: string; always?: boolean }) {
  const state = useQuery(functionStateQuery(name));
  const queries = useQueryClient();
  const role = roleName(state.data?.role ?? "");
  const attach = useMutation({
    mutationFn: () => attachRolePolicy(role, XRAY_WRITE_POLICY),
    onSuccess: () => {
      tellSuccess(`Role ${role} may write traces: AWSXRayDaemonWriteAccess is attached`);
      // Other functions may have the role, too, and its policies are read by its name.
      return queries.invalidateQueries({ queryKey: ["functions"] });
    },
    onError: (error) => tellFailure(`AWSXRayDaemonWriteAccess could not be attached to role ${role}`, error),
  });
  if (!state.data || state.data.may_write_traces) return null;
  const traces = state.data.tracing === "Active";
  if (!traces && !always) return null;
  return (
    <Alert
      type="warning"
      header={`Role ${role} may not write traces`}
      action={
        <Button loading={attach.isPending} onClick={() => attach.mutate()}>
          Attach AWSXRayDaemonWriteAccess
        </Button>
      }
    >
      {traces
        ? "Tracing is active, but what the function sends is refused, so its part of each trace is missing."
        : "Lambda refuses active tracing for a function whose role lacks this permission."}
    </Alert>
  );
}
