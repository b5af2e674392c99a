// Functions: their configuration through the Lambda API, and what only the server that runs them can tell.

import { queryOptions } from "@tanstack/react-query";
import {
  getFunction,
  getPolicy,
  invoke,
  type LambdaFunctionConfiguration,
  type LambdaInvocationRequest,
  listFunctions,
  updateFunctionConfiguration,
} from "./aws";
import { functionCode, functionState } from "./fluoro-api";
import { ApiError, call, failure, reached, requestOf } from "./operation";

export function functionsQuery() {
  return queryOptions({
    queryKey: ["functions"],
    queryFn: async ({ signal }) => {
      const functions: LambdaFunctionConfiguration[] = [];
      let marker: string | undefined;
      do {
        const page = await call(listFunctions, marker ? { Marker: marker } : {}, signal);
        functions.push(...(page.Functions ?? []));
        marker = page.NextMarker;
      } while (marker);
      return functions;
    },
  });
}

/** Configuration, tags and reserved concurrency. */
export function functionQuery(name: string) {
  return queryOptions({
    queryKey: ["functions", name],
    queryFn: ({ signal }) => call(getFunction, { FunctionName: name }, signal),
  });
}

export function functionStateQuery(name: string) {
  return queryOptions({
    queryKey: ["functions", name, "state"],
    queryFn: ({ signal }) => functionState(name, signal),
  });
}

/** Its files; `sha256` is what the configuration says of the code, so that another release is read anew. */
export function functionCodeQuery(name: string, sha256: string) {
  return queryOptions({
    queryKey: ["functions", name, "code", sha256],
    queryFn: ({ signal }) => functionCode(name, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Who may call the function, statement by statement; nobody has said so far, when there is no policy. */
export function functionPolicyQuery(name: string) {
  return queryOptions({
    queryKey: ["functions", name, "policy"],
    queryFn: async ({ signal }) => {
      try {
        const { Policy } = await call(getPolicy, { FunctionName: name }, signal);
        return statementsOf(Policy ?? "{}");
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return [];
        throw error;
      }
    },
  });
}

export interface PolicyStatement {
  readonly id: string;
  readonly principal: string;
  readonly action: string;
  readonly source: string | undefined;
}

/** Switches a function's active tracing. */
export function setActiveTracing(name: string, active: boolean): Promise<LambdaFunctionConfiguration> {
  return call(updateFunctionConfiguration, {
    FunctionName: name,
    TracingConfig: { Mode: active ? "Active" : "PassThrough" },
  });
}

/** What Invoke answered. */
export interface Invoked {
  readonly status: number;
  readonly payload: string;
  /** `Unhandled` when the function failed. */
  readonly error: string | undefined;
  /** In base64. */
  readonly logTail: string | undefined;
  readonly traceHeader: string | null;
  /** From sending to the whole answer, in milliseconds. */
  readonly tookMs: number;
}

/** Calls a function and waits; with `traceHeader`, as part of that trace. */
export async function invokeFunction(name: string, payload: string, traceHeader?: string): Promise<Invoked> {
  const input: LambdaInvocationRequest = { FunctionName: name, Payload: payload, LogType: "Tail" };
  const { url, init } = requestOf(invoke, { ...input });
  const headers = {
    ...(init.headers as Record<string, string>),
    ...(traceHeader && { "X-Amzn-Trace-Id": traceHeader }),
  };
  const began = performance.now();
  const response = await reached(url, { ...init, headers });
  const text = await response.text();
  const tookMs = performance.now() - began;
  if (!response.ok) throw failure(response, text);
  return {
    status: response.status,
    payload: text,
    error: response.headers.get("X-Amz-Function-Error") ?? undefined,
    logTail: response.headers.get("X-Amz-Log-Result") ?? undefined,
    traceHeader: response.headers.get("X-Amzn-Trace-Id"),
    tookMs,
  };
}

interface Statement {
  Sid?: string;
  Principal?: string | Record<string, string>;
  Action?: string;
  Condition?: Record<string, Record<string, string>>;
}

function statementsOf(policy: string): PolicyStatement[] {
  const { Statement = [] } = JSON.parse(policy) as { Statement?: Statement[] };
  return Statement.map((one) => ({
    id: one.Sid ?? "",
    principal: typeof one.Principal === "string" ? one.Principal : Object.values(one.Principal ?? {}).join(", "),
    action: one.Action ?? "",
    source: Object.values(one.Condition ?? {})
      .flatMap((condition) => Object.values(condition))
      .join(", "),
  }));
}
