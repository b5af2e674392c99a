// What Fluoro's own API tells of clients, and of the server itself (`docs/http.md`).

import type { Report } from "../model/doctor";
import { own } from "./operation";

export const doctorQuery = {
  queryKey: ["doctor"],
  queryFn: ({ signal }: { signal: AbortSignal }) => own<Report>("doctor", { signal }),
};

/** The addresses at which the server listens, as host and port. */
export interface Listeners {
  /** The AWS APIs, stages and the console. */
  readonly listen: string;
  /** The X-Ray daemon: datagrams, and sampling rules over TCP. */
  readonly daemon: string;
  /** `listen` as a URL. */
  readonly endpoint: string;
}

export const listenersQuery = {
  queryKey: ["listeners"],
  queryFn: ({ signal }: { signal: AbortSignal }) => own<Listeners>("listeners", { signal }),
  staleTime: 60_000,
};
