// Fluoro's own API (`docs/http.md`), call by call.

import { own } from "./operation";

export interface Health {
  status: string;
  version: string;
  traces: number;
  documents: number;
}

export function health(signal?: AbortSignal): Promise<Health> {
  return own<Health>("health", signal ? { signal } : {});
}
