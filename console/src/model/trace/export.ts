// A trace to take along: as the AWS CLI's command that reads it, and as a file.

import type { XRayTrace } from "../../api/aws";
import type { TraceId } from "../trace-id";

/** Runs against this server, without credentials. */
export function awsCommand(id: TraceId, endpoint: string): string {
  return `aws xray batch-get-traces --trace-ids ${id} --endpoint-url ${endpoint} --region us-east-1 --no-sign-request`;
}

/**
 * The trace as JSON, its documents as they came from the server and not read and written again: so no number loses a
 * digit. `fluoro trace --json` prints the same shape.
 */
export function traceFile(trace: XRayTrace): string {
  const head = {
    Id: trace.Id ?? null,
    Duration: trace.Duration ?? null,
    LimitExceeded: trace.LimitExceeded ?? false,
  };
  const documents = (trace.Segments ?? []).flatMap((segment) => segment.Document ?? []);
  const members = Object.entries(head).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${members.join(",\n")},\n  "Segments": [\n    ${documents.join(",\n    ")}\n  ]\n}\n`;
}
