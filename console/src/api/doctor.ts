// What Fluoro's own API tells of clients and of the server, as queries.

import { doctor, listeners } from "./fluoro-api";

export const doctorQuery = {
  queryKey: ["doctor"],
  queryFn: ({ signal }: { signal: AbortSignal }) => doctor(signal),
};

export const listenersQuery = {
  queryKey: ["listeners"],
  queryFn: ({ signal }: { signal: AbortSignal }) => listeners(signal),
  staleTime: 60_000,
};
