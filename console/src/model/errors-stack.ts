// Where in a trace an exception was recorded that its summary tells of.

import type { Exception } from "./errors";
import type { Row } from "./trace/trace";

/** The row that recorded it; the deepest, where several did. */
export function rowThatRecorded(rows: readonly Row[], { name, message }: Exception): Row | undefined {
  return rows.findLast(({ entity }) => {
    const recorded = typeof entity.cause === "object" ? (entity.cause.exceptions ?? []) : [];
    return recorded.some((one) => one.type === name && one.message === message);
  });
}
