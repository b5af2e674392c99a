// Fluoro's own API (`docs/http.md`), call by call. Types are those of `docs/openapi.json`.

import type { XRayCreateSamplingRuleRequest, XRayTraceSummary, XRayUpdateSamplingRuleRequest } from "./aws";
import type { components, operations } from "./fluoro";
import { lines } from "./lines";
import { failure, own, reached } from "./operation";

type Schemas = components["schemas"];
/** What may be asked of an operation. */
type Asked<Name extends keyof operations> = NonNullable<operations[Name]["parameters"]["query"]>;
export type Healthy = Schemas["Health"];
/** The server reads what it has stored. */
export type Starting = Schemas["Starting"];
export type Listeners = Schemas["Addresses"];
export type DoctorReport = Schemas["DoctorReport"];
export type TraceState = Schemas["TraceState"];
export type RuleStates = Schemas["RuleStates"];
export type RuleState = Schemas["RuleState"];
export type Why = Schemas["Why"];
/** Which decisions to tell of; the newest come first. */
export type WhyQuery = Asked<"why">;
export type Preview = Schemas["Previewed"];
export type Statistics = Schemas["Statistics"];
/** Of what, and how far back. */
export type StatisticsQuery = Asked<"statistics">;
export type Series = Schemas["Series"];
export type FunctionState = Schemas["FunctionState"];
export type FunctionCode = Schemas["FunctionCode"];
export type LogLine = Schemas["LogLine"];

/** A trace that became known or changed, or how many went by unseen. */
export type TraceNews = { readonly summary: XRayTraceSummary } | { readonly skipped: number };

/** How the server is; that it is still starting (503) is an answer, too. */
export async function health(signal?: AbortSignal): Promise<Healthy | Starting> {
  const response = await reached("/_fluoro/health", given(signal));
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as Healthy;
  const told: unknown = response.status === 503 ? JSON.parse(text) : undefined;
  if (typeof told === "object" && told !== null && "percent_read" in told) return told as Starting;
  throw failure(response, text);
}

export function listeners(signal?: AbortSignal): Promise<Listeners> {
  return own("listeners", given(signal));
}

export function doctor(signal?: AbortSignal): Promise<DoctorReport> {
  return own("doctor", given(signal));
}

/** Whether a trace is complete; with `wait` (`10s`) the answer comes when it is, or when that time is over. */
export function traceCompletion(id: string, wait?: string, signal?: AbortSignal): Promise<TraceState> {
  return own(`traces/${encodeURIComponent(id)}${query({ wait })}`, given(signal));
}

/** Traces that a filter expression finds, as they come and change, until the signal is aborted or the server stops. */
export function followTraces(filter: string, signal: AbortSignal, onOpen?: () => void): AsyncGenerator<TraceNews> {
  return lines<TraceNews>(`traces${query({ follow: true, filter })}`, signal, onOpen);
}

/** What each sampling rule did since it was made, or the server started. */
export function ruleStates(signal?: AbortSignal): Promise<RuleStates> {
  return own("sampling", given(signal));
}

/** The last requests to stages and the decision on each, newest first. */
export async function why(wanted: WhyQuery, signal?: AbortSignal): Promise<Why[]> {
  const { requests } = await own<Schemas["Whys"]>(`sampling/why${query(wanted)}`, given(signal));
  return requests;
}

/** What a rule would have kept of the last requests; nothing is changed. */
export function preview(
  rule: XRayCreateSamplingRuleRequest | XRayUpdateSamplingRuleRequest,
  signal?: AbortSignal,
): Promise<Preview> {
  return own("sampling/preview", { method: "POST", body: rule, ...given(signal) });
}

/** What stages and functions handled, sampled or not; `since` as `15m`, an hour at most. */
export function statistics(wanted: StatisticsQuery, signal?: AbortSignal): Promise<Statistics> {
  return own(`statistics${query(wanted)}`, given(signal));
}

/** A function's role, whether it may write traces, and its environments. */
export function functionState(name: string, signal?: AbortSignal): Promise<FunctionState> {
  return own(`functions/${encodeURIComponent(name)}`, given(signal));
}

/** The files of a function's code, and the text of small ones. */
export function functionCode(name: string, signal?: AbortSignal): Promise<FunctionCode> {
  return own(`functions/${encodeURIComponent(name)}/code`, given(signal));
}

/** What a function wrote: its newest lines, all or those of one trace. */
export async function logs(name: string, trace?: string, signal?: AbortSignal): Promise<LogLine[]> {
  const path = `functions/${encodeURIComponent(name)}/logs${query({ trace })}`;
  const answer = await own<Schemas["LogLines"]>(path, given(signal));
  return answer.lines;
}

/** The same, and then what it writes, until the signal is aborted or the server stops. */
export function followLogs(name: string, trace: string | undefined, signal: AbortSignal): AsyncGenerator<LogLine> {
  return lines<LogLine>(`functions/${encodeURIComponent(name)}/logs${query({ follow: true, trace })}`, signal);
}

function given(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}

/** `?name=value&…` of what is given; empty when nothing is. */
function query(of: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const found = Object.entries(of).filter((entry) => entry[1] !== undefined);
  const text = new URLSearchParams(found.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}
