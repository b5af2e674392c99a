// Fluoro's own API (`docs/http.md`), call by call.

import { failure, reached } from "./operation";

export interface Healthy {
  readonly status: "ok";
  readonly version: string;
  readonly traces: number;
  readonly documents: number;
}

/** The server reads what it has stored. */
export interface Starting {
  readonly status: "starting";
  readonly percent_read: number;
  readonly documents: number;
  readonly traces_waiting: number;
}

/** How the server is; that it is still starting (503) is an answer, too. */
export async function health(signal?: AbortSignal): Promise<Healthy | Starting> {
  const response = await reached("/_fluoro/health", signal ? { signal } : {});
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as Healthy;
  const told: unknown = response.status === 503 ? JSON.parse(text) : undefined;
  if (typeof told === "object" && told !== null && "percent_read" in told) return told as Starting;
  throw failure(response, text);
}
