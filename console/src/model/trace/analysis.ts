// Everything that the trace page works out from a trace's documents.

import type { EpochSeconds, Seconds } from "../units";
import { type CriticalPath, criticalPath } from "./critical-path";
import { type Entity, readDocument } from "./documents";
import { type LambdaWaits, lambdaWaits } from "./lambda-waits";
import { selfTimes } from "./self-time";
import { buildTrace, type Trace } from "./trace";

export interface Documents {
  readonly entities: readonly Entity[];
  /** Documents that are no segments to us. The server gives out none; another one behind the same API may. */
  readonly unreadable: number;
}

export interface Analysis {
  readonly trace: Trace;
  /** By a row's place. */
  readonly self: readonly Seconds[];
  readonly path: CriticalPath;
  readonly waits: LambdaWaits;
}

export function readDocuments(texts: readonly (string | undefined)[]): Documents {
  const entities = texts.flatMap((text) => readDocument(text ?? "") ?? []);
  return { entities, unreadable: texts.length - entities.length };
}

export function analyse(entities: readonly Entity[], now?: EpochSeconds): Analysis {
  const trace = buildTrace(entities, now);
  return {
    trace,
    self: selfTimes(trace.rows),
    path: criticalPath(trace.rows, trace.root),
    waits: lambdaWaits(trace.rows),
  };
}
