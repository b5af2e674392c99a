// The stack of an exception, from one of the traces in which it was recorded.

import "../trace/details/details.css";
import Box from "@cloudscape-design/components/box";
import { useRouter } from "@tanstack/react-router";
import { Failure, Loading } from "../../components/states";
import type { Exception } from "../../model/errors";
import { rowThatRecorded } from "../../model/errors-stack";
import { exceptionsOf } from "../../model/trace/exceptions";
import { Exceptions } from "../trace/details/exceptions";
import { useRows } from "./queries";

export function StackOf({ trace, exception }: { trace: string; exception: Exception }) {
  const router = useRouter();
  const rows = useRows(trace);
  if (rows.isError) {
    return <Failure what="The stack could not be read" error={rows.error} retry={() => void rows.refetch()} />;
  }
  if (rows.data === undefined) return <Loading what="the stack" />;
  const row = rows.data && rowThatRecorded(rows.data, exception);
  if (!row || !rows.data) return <Box color="text-body-secondary">The trace that had it is gone.</Box>;
  return (
    <Exceptions
      thrown={exceptionsOf(rows.data, row)}
      onGoTo={({ key }) =>
        void router.navigate({ to: "/traces/$traceId", params: { traceId: trace }, search: { row: key } })
      }
    />
  );
}
