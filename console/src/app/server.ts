// Whether the server answers. Every page shows it, and everything is asked for anew once it does again.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { health } from "../api/fluoro-api";

export type Server =
  | { readonly state: "connecting" }
  | { readonly state: "up"; readonly version: string }
  /** It reads what it has stored, and cannot tell of traces yet. */
  | { readonly state: "starting"; readonly percentRead: number }
  | { readonly state: "down"; readonly error: unknown };

const WELL_MS = 5_000;
/** While it does not answer, people wait for it. */
const ILL_MS = 1_000;

export function useServer(): Server {
  const queries = useQueryClient();
  const answer = useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => health(signal),
    refetchInterval: ({ state }) => (state.status === "success" && state.data?.status === "ok" ? WELL_MS : ILL_MS),
    refetchIntervalInBackground: true,
    retry: false,
  });
  const server = stateOf(answer);
  const wasAway = useRef(false);
  useEffect(() => {
    if (server.state === "up" && wasAway.current) {
      wasAway.current = false;
      void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "health" });
    }
    if (server.state === "down" || server.state === "starting") wasAway.current = true;
  }, [server.state, queries]);
  return server;
}

function stateOf({ data, error }: { data?: Awaited<ReturnType<typeof health>> | undefined; error: unknown }): Server {
  if (error) return { state: "down", error };
  if (!data) return { state: "connecting" };
  return data.status === "ok"
    ? { state: "up", version: data.version }
    : { state: "starting", percentRead: data.percent_read };
}
