// What stands where there is nothing (yet) to show: it loads, it failed, there is none.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Spinner from "@cloudscape-design/components/spinner";
import type { ReactNode } from "react";
import { explain } from "../app/notices";

export function Loading({ what }: { what: string }) {
  return (
    <Box textAlign="center" padding="xl" color="text-status-inactive">
      <Spinner /> Loading {what}
    </Box>
  );
}

/** Something could not be shown; `what` says what, the error why, and what to do next. */
export function Failure({ what, error, retry }: { what: string; error: unknown; retry?: () => void }) {
  return (
    <Alert type="error" header={what} action={retry ? <Button onClick={retry}>Try again</Button> : undefined}>
      {explain(error)}
    </Alert>
  );
}

/** There is nothing: says so, and what to do about it. */
export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Box textAlign="center" padding={{ vertical: "xl", horizontal: "m" }} color="inherit">
      <Box variant="strong" textAlign="center" color="inherit">
        {title}
      </Box>
      <Box variant="div" padding={{ top: "xs" }} color="text-body-secondary">
        {children}
      </Box>
    </Box>
  );
}
