// Calls of the public APIs: one function for the AWS operations, whose descriptions `aws.ts` has from the services'
// models, and one for Fluoro's own API. Both fail with an `ApiError` that a page can show as it is.

/** An AWS operation: how its input travels, and what comes back. */
export interface Operation<Input extends object, Output> {
  readonly method: string;
  readonly uri: string;
  /** Members of the input that travel elsewhere than in the body, each with its name there. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** The member that is the body itself, not a part of it. */
  readonly payload?: string;
  /** For the compiler only: never set. */
  readonly types?: (input: Input) => Output;
}

/** Why a call got no answer that a page can use. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    message: string,
    /** The service's name for it, as `InvalidRequestException`; `Unreachable` when nobody answered. */
    readonly code: string,
    /** The HTTP status; 0 when nobody answered. */
    readonly status: number,
  ) {
    super(message);
  }

  /** What somebody who reads this can do about it. */
  get nextStep(): string {
    if (this.status === 0) return "Start the server again with `fluoro serve`; this page goes on by itself.";
    if (this.status === 403)
      return "Open the console at the address that the server names when it starts, or add this one to `hosts`.";
    if (this.status === 503) return "The server is still reading what it has stored; this page goes on by itself.";
    if (this.status >= 500) return "What went wrong is in the server's log.";
    if (this.status === 404) return "It may have been deleted meanwhile, or its name is misspelt.";
    if (this.status === 409) return "Look at what is there now, then try again.";
    if (this.status === 429) return "Wait a moment, then try again.";
    return "Change what the message names, then try again.";
  }
}

/** Whether asking again later may help. */
export function isRetryable(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** Carries out an AWS operation. */
export async function call<Input extends object, Output>(
  operation: Operation<Input, Output>,
  input: Input,
  signal?: AbortSignal,
): Promise<Output> {
  const text = await send(operation, input, signal);
  return (text ? JSON.parse(text) : {}) as Output;
}

/** Asks Fluoro's own API (`docs/http.md`): `path` is what follows `/_fluoro/`. */
export async function own<Output>(
  path: string,
  options: { method?: string; body?: unknown; signal?: AbortSignal } = {},
): Promise<Output> {
  const { method = "GET", body, signal } = options;
  const response = await reached(`/_fluoro/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    ...(signal ? { signal } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw failure(response, text);
  return (text ? JSON.parse(text) : {}) as Output;
}

async function send<Input extends object>(
  operation: Operation<Input, unknown>,
  input: Input,
  signal?: AbortSignal,
): Promise<string> {
  const request = requestOf(operation, input as Record<string, unknown>);
  const response = await reached(request.url, { ...request.init, ...(signal ? { signal } : {}) });
  const text = await response.text();
  if (!response.ok) throw failure(response, text);
  return text;
}

/** The request that carries this input. */
export function requestOf(
  operation: Operation<never, unknown>,
  input: Readonly<Record<string, unknown>>,
): { url: string; init: RequestInit } {
  const path = operation.path ?? {};
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  const body: Record<string, unknown> = {};
  for (const [member, value] of Object.entries(input)) {
    if (value === undefined) continue;
    const inQuery = operation.query?.[member];
    const inHeaders = operation.headers?.[member];
    if (path[member] !== undefined || member === operation.payload) continue;
    if (inQuery !== undefined) {
      for (const one of Array.isArray(value) ? value : [value]) query.append(inQuery, String(one));
    } else if (inHeaders !== undefined) headers[inHeaders] = String(value);
    else body[member] = value;
  }
  const named = Object.fromEntries(Object.entries(path).map(([member, name]) => [name, input[member]]));
  const url = operation.uri.replace(/\{(\w+)\+?\}/g, (_, name: string) => encodeURIComponent(String(named[name])));
  const init: RequestInit = { method: operation.method, headers };
  if (operation.payload) init.body = String(input[operation.payload] ?? "");
  else if (operation.method !== "GET" && operation.method !== "DELETE") {
    init.body = JSON.stringify(body);
    headers["Content-Type"] = "application/json";
  }
  const asked = query.toString();
  return { url: asked ? `${url}?${asked}` : url, init };
}

/** As `fetch`, except that nobody answering is an `ApiError`. */
export async function reached(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError("The server does not answer.", "Unreachable", 0);
  }
}

/** What a response that is no success says, in any of the shapes that our services use. */
export function failure(response: Response, text: string): ApiError {
  let told: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) told = parsed as Record<string, unknown>;
  } catch {
    // Not JSON: the status has to do.
  }
  // Our own shape has both below `error`.
  const inner = typeof told["error"] === "object" && told["error"] !== null ? (told["error"] as typeof told) : told;
  const message = inner["message"] ?? inner["Message"];
  const type = response.headers.get("x-amzn-ErrorType") ?? inner["code"] ?? inner["Code"] ?? inner["__type"];
  const code = typeof type === "string" ? (type.split(":")[0]?.split("#").at(-1) ?? type) : `HTTP ${response.status}`;
  return new ApiError(
    typeof message === "string" && message ? message : `The server answered ${response.status} ${response.statusText}.`,
    code,
    response.status,
  );
}
