// REST APIs through the API Gateway API: whole collections, and the queries by which pages share what they read.

import { queryOptions } from "@tanstack/react-query";
import {
  type GatewayStage,
  getDeployment,
  getDeployments,
  getResources,
  getRestApi,
  getRestApis,
  getStages,
  updateStage,
} from "./aws";
import { call } from "./operation";

/** The most that a page of a collection has. */
const PAGE = 500;

export function restApisQuery() {
  return queryOptions({
    queryKey: ["apis"],
    queryFn: ({ signal }) => whole((position) => call(getRestApis, { limit: PAGE, ...position }, signal)),
  });
}

export function restApiQuery(apiId: string) {
  return queryOptions({
    queryKey: ["apis", apiId],
    queryFn: ({ signal }) => call(getRestApi, { restApiId: apiId }, signal),
  });
}

/** Resources with their methods, integrations and responses. */
export function resourcesQuery(apiId: string) {
  return queryOptions({
    queryKey: ["apis", apiId, "resources"],
    queryFn: ({ signal }) =>
      whole((position) =>
        call(getResources, { restApiId: apiId, limit: PAGE, embed: ["methods"], ...position }, signal),
      ),
  });
}

export function deploymentsQuery(apiId: string) {
  return queryOptions({
    queryKey: ["apis", apiId, "deployments"],
    queryFn: ({ signal }) =>
      whole((position) => call(getDeployments, { restApiId: apiId, limit: PAGE, ...position }, signal)),
  });
}

/** A method that a deployment serves: what callers of a stage can ask for. */
export interface DeployedMethod {
  readonly path: string;
  /** `GET`, or `ANY`. */
  readonly verb: string;
}

/** What a deployment serves, by path; it never changes. */
export function deployedMethodsQuery(apiId: string, deploymentId: string) {
  return queryOptions({
    queryKey: ["apis", apiId, "deployments", deploymentId],
    queryFn: async ({ signal }) => {
      const input = { restApiId: apiId, deploymentId, embed: ["apisummary"] };
      const { apiSummary = {} } = await call(getDeployment, input, signal);
      return Object.entries(apiSummary)
        .flatMap(([path, verbs]) => Object.keys(verbs).map((verb): DeployedMethod => ({ path, verb })))
        .sort((a, b) => a.path.localeCompare(b.path) || a.verb.localeCompare(b.verb));
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function stagesQuery(apiId: string) {
  return queryOptions({
    queryKey: ["apis", apiId, "stages"],
    queryFn: async ({ signal }) => (await call(getStages, { restApiId: apiId }, signal)).item ?? [],
  });
}

/** Switches a stage's tracing, and tells the stage as it is then. */
export function setTracing(apiId: string, stage: string, enabled: boolean): Promise<GatewayStage> {
  return call(updateStage, {
    restApiId: apiId,
    stageName: stage,
    patchOperations: [{ op: "replace", path: "/tracingEnabled", value: String(enabled) }],
  });
}

async function whole<T>(
  page: (position: { position?: string }) => Promise<{ item?: T[]; position?: string }>,
): Promise<T[]> {
  const items: T[] = [];
  let position: string | undefined;
  do {
    const read = await page(position === undefined ? {} : { position });
    items.push(...(read.item ?? []));
    position = read.position;
  } while (position !== undefined);
  return items;
}
