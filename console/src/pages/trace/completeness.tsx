// Whether more of the trace is to come, and what.

import Box from "@cloudscape-design/components/box";
import Popover from "@cloudscape-design/components/popover";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { TraceState } from "../../api/fluoro-api";

/** What is open that is listed; what a popover does not hold is counted. */
const LISTED = 12;

export function Completeness({ state }: { state: TraceState | undefined }) {
  if (!state) return <StatusIndicator type="loading">Asking</StatusIndicator>;
  if (state.complete) return <StatusIndicator type="success">Complete</StatusIndicator>;
  const { open } = state;
  return (
    <Popover
      header="Still to come"
      size="large"
      triggerType="text"
      content={
        <>
          <ul className="open-work">
            {open.slice(0, LISTED).map((work) => (
              <li key={work}>{work}</li>
            ))}
          </ul>
          {open.length > LISTED ? <Box>and {open.length - LISTED} more</Box> : null}
        </>
      }
    >
      <StatusIndicator type="in-progress">
        Live, {open.length} {open.length === 1 ? "part" : "parts"} open
      </StatusIndicator>
    </Popover>
  );
}
