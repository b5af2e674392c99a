// A trace as a list tells it: GetTraceSummaries' answer, with absent, null and empty made one.

import type { XRayAnnotationValue, XRayServiceId, XRayTraceSummary } from "../api/aws";
import { type Outcome, outcomeOf } from "./outcome";
import { exceptionOf } from "./root-cause";
import { type EpochSeconds, epochSeconds, type Seconds, seconds } from "./units";

export interface Service {
  readonly name: string;
  readonly type: string | undefined;
}

export type AnnotationValue = string | number | boolean;

export interface Annotation {
  readonly key: string;
  readonly value: AnnotationValue;
}

/** Why a request failed: the end of a root-cause path. */
export interface Cause {
  readonly kind: "fault" | "error";
  readonly service: string;
  /** What was thrown there; undefined where only a call's answer tells of the failure. */
  readonly exception: { readonly name: string; readonly message: string } | undefined;
}

export interface TraceRow {
  readonly id: string;
  readonly revision: number;
  readonly start: EpochSeconds;
  /** Until all work had ended; undefined while some goes on. */
  readonly duration: Seconds | undefined;
  /** Until the root answered; undefined while it has not, and where there is no root. */
  readonly responseTime: Seconds | undefined;
  readonly outcome: Outcome;
  /** A parent has not come. */
  readonly isPartial: boolean;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly status: number | undefined;
  readonly userAgent: string | undefined;
  readonly clientIp: string | undefined;
  readonly entryPoint: Service | undefined;
  /** All that took part, but not the client. */
  readonly services: readonly Service[];
  readonly users: readonly string[];
  readonly annotations: readonly Annotation[];
  readonly causes: readonly Cause[];
  readonly resources: readonly string[];
  readonly instances: readonly string[];
  readonly zones: readonly string[];
}

/** A summary as it is on the wire, where what is absent is null. */
type Nullable<T> = T extends readonly (infer E)[]
  ? Nullable<E>[]
  : T extends object
    ? { [K in keyof T]: Nullable<T[K]> | null }
    : T;

export type WireSummary = Nullable<XRayTraceSummary>;

/** Undefined for a summary without an id or a start, which no list can show. */
export function rowOf(summary: WireSummary): TraceRow | undefined {
  const { Id: id, StartTime: start } = summary;
  if (!id || typeof start !== "number") return undefined;
  const entryPoint = summary.EntryPoint ? serviceOf(summary.EntryPoint) : undefined;
  return {
    id,
    revision: summary.Revision ?? 0,
    start: epochSeconds(start),
    duration: spanOf(summary.Duration),
    responseTime: spanOf(summary.ResponseTime),
    outcome: outcomeOf(summary),
    isPartial: summary.IsPartial ?? false,
    method: summary.Http?.HttpMethod ?? undefined,
    url: summary.Http?.HttpURL ?? undefined,
    status: summary.Http?.HttpStatus ?? undefined,
    userAgent: summary.Http?.UserAgent ?? undefined,
    clientIp: summary.Http?.ClientIp ?? undefined,
    entryPoint,
    services: defined((summary.ServiceIds ?? []).map(serviceOf)).filter((service) => service.type !== "client"),
    users: defined((summary.Users ?? []).map((user) => user.UserName)),
    annotations: annotationsOf(summary.Annotations ?? {}),
    causes: [...causesOf("fault", summary.FaultRootCauses ?? []), ...causesOf("error", summary.ErrorRootCauses ?? [])],
    resources: defined((summary.ResourceARNs ?? []).map((resource) => resource.ARN)),
    instances: defined((summary.InstanceIds ?? []).map((instance) => instance.Id)),
    zones: defined((summary.AvailabilityZones ?? []).map((zone) => zone.Name)),
  };
}

/** Both lists as one, each trace once, as its highest revision tells it. */
export function mergedRows(rows: readonly TraceRow[], later: readonly TraceRow[]): readonly TraceRow[] {
  if (later.length === 0) return rows;
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const row of later) {
    const held = byId.get(row.id);
    if (!held || row.revision >= held.revision) byId.set(row.id, row);
  }
  return [...byId.values()];
}

function serviceOf(id: Nullable<XRayServiceId>): Service | undefined {
  return id.Name ? { name: id.Name, type: id.Type ?? undefined } : undefined;
}

function spanOf(value: number | null | undefined): Seconds | undefined {
  return typeof value === "number" ? seconds(value) : undefined;
}

function annotationsOf(annotations: NonNullable<WireSummary["Annotations"]>): readonly Annotation[] {
  return Object.entries(annotations).flatMap(([key, values]) =>
    defined((values ?? []).map((one) => annotationValueOf(one.AnnotationValue ?? {}))).map((value) => ({ key, value })),
  );
}

function annotationValueOf(value: Nullable<XRayAnnotationValue>): AnnotationValue | undefined {
  return value.StringValue ?? value.NumberValue ?? value.BooleanValue ?? undefined;
}

/** The parts of a root cause that tell where a path ends. */
interface WireCause {
  readonly Services?:
    | readonly {
        readonly Name?: string | null;
        readonly EntityPath?:
          | readonly {
              readonly Exceptions?:
                | readonly { readonly Name?: string | null; readonly Message?: string | null }[]
                | null;
            }[]
          | null;
      }[]
    | null;
}

function causesOf(kind: Cause["kind"], causes: readonly WireCause[]): readonly Cause[] {
  return defined(
    causes.map((cause): Cause | undefined => {
      const services = cause.Services ?? [];
      const service = services.at(-1)?.Name;
      if (!service) return undefined;
      const entities = services.flatMap((one) => one.EntityPath ?? []);
      const exception = exceptionOf(entities.map((entity) => entity.Exceptions ?? []));
      return {
        kind,
        service,
        exception: exception && { name: exception.Name ?? "", message: exception.Message ?? "" },
      };
    }),
  );
}

function defined<T>(values: readonly (T | null | undefined)[]): readonly T[] {
  return values.filter((value): value is T => value !== null && value !== undefined);
}
