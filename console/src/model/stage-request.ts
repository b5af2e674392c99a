// A request to a stage, as somebody writes it into a form, and the URL and headers that it means.

import { shellWord } from "./shell";

/** What somebody wrote. */
export interface Draft {
  /** By name, for each `{name}` of the resource's path. */
  readonly parameters: Readonly<Record<string, string>>;
  /** `a=1&b=2`, with or without a question mark. */
  readonly query: string;
  /** One a line: `Name: value`. */
  readonly headers: string;
  readonly body: string;
}

export const EMPTY_DRAFT: Draft = { parameters: {}, query: "", headers: "", body: "" };

/** As much of a draft as a link to it has room for. */
const LINKED_BODY = 2_000;

/** What a link keeps of a draft: its headers may hold secrets, and a long body makes no link. */
export type LinkedDraft = Partial<Pick<Draft, "parameters" | "query" | "body">>;

export function linkedDraft(draft: Draft): LinkedDraft | undefined {
  const parameters = Object.entries(draft.parameters).filter(([, value]) => value);
  const linked = {
    ...(parameters.length > 0 && { parameters: Object.fromEntries(parameters) }),
    ...(draft.query && { query: draft.query }),
    ...(draft.body && draft.body.length <= LINKED_BODY && { body: draft.body }),
  };
  return Object.keys(linked).length > 0 ? linked : undefined;
}

/** Reads what a link has; undefined where it is none. */
export function readDraft(value: unknown): LinkedDraft | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { parameters, query, body } = value as Record<string, unknown>;
  const texts = Object.entries(typeof parameters === "object" && parameters !== null ? parameters : {}).map(
    ([name, one]) => [name, String(one)],
  );
  return linkedDraft({
    ...EMPTY_DRAFT,
    parameters: Object.fromEntries(texts),
    query: typeof query === "string" ? query : "",
    body: typeof body === "string" ? body : "",
  });
}

export interface PathParameter {
  readonly name: string;
  /** `{proxy+}`: takes the rest of the path, with its slashes. */
  readonly greedy: boolean;
}

/** The URL of a stage on this server, without a slash at its end. */
export function stageUrl(origin: string, apiId: string, stage: string): string {
  return `${origin}/_aws/execute-api/${apiId}/${stage}`;
}

export function parametersOf(path: string): PathParameter[] {
  return [...path.matchAll(/\{([^{}+]+)(\+?)\}/g)].map(([, name = "", greedy]) => ({ name, greedy: greedy === "+" }));
}

/** The parameters that have no value yet: with an empty one, another resource would be meant. */
export function missingParameters(path: string, draft: Draft): string[] {
  return parametersOf(path)
    .map(({ name }) => name)
    .filter((name) => !draft.parameters[name]);
}

/** What follows the stage's URL. */
export function pathAndQuery(path: string, draft: Draft): string {
  const filled = path.replace(/\{([^{}+]+)(\+?)\}/g, (_, name: string, greedy: string) => {
    const value = draft.parameters[name] ?? "";
    return greedy ? value.replace(/^\//, "").split("/").map(encodeURIComponent).join("/") : encodeURIComponent(value);
  });
  const query = draft.query.trim().replace(/^\?/, "");
  return query ? `${filled}?${query}` : filled;
}

export interface HeaderLines {
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** Why a line is none, or cannot be sent. */
  readonly problem: string | undefined;
}

// What a page may not set: the browser sends its own, or drops it silently. Source: Fetch standard, forbidden
// request-headers.
const FORBIDDEN = new Set(
  (
    "accept-charset accept-encoding access-control-request-headers access-control-request-method connection " +
    "content-length cookie cookie2 date dnt expect host keep-alive origin referer set-cookie te trailer " +
    "transfer-encoding upgrade via"
  ).split(" "),
);

export function readHeaders(text: string): HeaderLines {
  const headers: [string, string][] = [];
  for (const line of text.split("\n").map((one) => one.trim())) {
    if (!line) continue;
    const [, name = "", value = ""] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*)$/.exec(line) ?? [];
    if (!name) return { headers, problem: `“${line}” is no header: write one a line, as Name: value.` };
    const lower = name.toLowerCase();
    if (FORBIDDEN.has(lower) || lower.startsWith("sec-") || lower.startsWith("proxy-")) {
      return { headers, problem: `A browser does not let a page set ${name}. Use curl for such a request.` };
    }
    if ([...value].some((character) => character > "\u00ff")) {
      return { headers, problem: `The value of ${name} has characters that no header can carry.` };
    }
    headers.push([name, value]);
  }
  return { headers, problem: undefined };
}

/** Whether a request of this method has a body; a browser refuses to send one with the others. */
export function takesBody(method: string): boolean {
  return method !== "GET" && method !== "HEAD";
}

/** The same request for a terminal. */
export function asCurl(method: string, url: string, headers: HeaderLines["headers"], body: string): string {
  const parts = ["curl", "-i"];
  if (method === "HEAD") parts.push("-I");
  else if (method !== "GET") parts.push("-X", method);
  parts.push(shellWord(url));
  for (const [name, value] of headers) parts.push("-H", shellWord(`${name}: ${value}`));
  if (body && takesBody(method)) parts.push("--data-raw", shellWord(body));
  return parts.join(" ");
}
