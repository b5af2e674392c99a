// How a segment or a subsegment ended, as X-Ray counts it.

import type { Outcome } from "../outcome";
import type { Entity } from "./documents";

/**
 * A throttle before a fault before an error, each counted once. Senders set the flags; a status without flags
 * says it as well. Source: X-Ray developer guide, errors, faults and exceptions.
 */
export function entityOutcome(entity: Pick<Entity, "throttle" | "fault" | "error" | "http">): Outcome {
  const status = entity.http?.response?.status ?? 0;
  if (entity.throttle || status === 429) return "throttle";
  if (entity.fault || (status >= 500 && status < 600)) return "fault";
  if (entity.error || (status >= 400 && status < 500)) return "error";
  return "ok";
}
