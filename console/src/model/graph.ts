// The service graph as the pages draw it: nodes and edges that keep their names from one call to the next, with their
// traffic. What GetServiceGraph and GetTraceGraph answer numbers nodes anew each time.

import type { XRayEdge, XRayEdgeStatistics, XRayHistogramEntry, XRayService, XRayServiceStatistics } from "../api/aws";
import { NO_COUNTS, type OutcomeCounts, sumOf } from "./outcome";
import { type Seconds, seconds } from "./units";

/** Names a node in every answer: its type, name and, if it is another's, account. */
export type NodeKey = string & { readonly unit: "node key" };
/** Names an edge in every answer. */
export type EdgeKey = string & { readonly unit: "edge key" };

/** So many requests took so long. */
export interface Took {
  readonly time: Seconds;
  readonly count: number;
}

export interface Traffic {
  /** Each request once: throttled before faulty before in error. */
  readonly counts: OutcomeCounts;
  readonly total: number;
  /** The sum of all response times. */
  readonly totalTime: Seconds;
  /** By response time, ascending; rounded to milliseconds, and where there are many, neighbours are one. */
  readonly histogram: readonly Took[];
}

export interface GraphNode {
  readonly key: NodeKey;
  readonly name: string;
  /** `AWS::Lambda::Function`, `remote`, `client`, …; a segment without an origin has none. */
  readonly type: string | undefined;
  /** The account, where it is not the own one. */
  readonly account: string | undefined;
  /** It has sent segments itself; others are known from their callers. */
  readonly isReported: boolean;
  /** Requests came in here. */
  readonly isRoot: boolean;
  /** Of a client, the calls it made. */
  readonly traffic: Traffic;
  /** The nodes that this one stands for; of a node that stands for itself, none. */
  readonly members: readonly GraphNode[];
  /** Those of them whose traffic is its traffic. */
  readonly counted: readonly GraphNode[];
}

export interface GraphEdge {
  readonly key: EdgeKey;
  readonly from: NodeKey;
  readonly to: NodeKey;
  /** `link`: what was sent went on in another trace. */
  readonly kind: "call" | "link";
  /** As the caller saw it. */
  readonly traffic: Traffic;
  /** Of a link, how old what was sent was when it was received. */
  readonly ages: readonly Took[];
  /** The edges that this one stands for; of an edge that stands for itself, none. */
  readonly members: readonly GraphEdge[];
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** What is chosen in a graph. */
export type GraphSelection =
  | { readonly kind: "node"; readonly key: NodeKey }
  | { readonly kind: "edge"; readonly key: EdgeKey };

/** What a search that names one of them means. */
export function selectionOf({ node, edge }: { node?: NodeKey; edge?: EdgeKey }): GraphSelection | undefined {
  if (node !== undefined) return { kind: "node", key: node };
  return edge === undefined ? undefined : { kind: "edge", key: edge };
}

/** What a search says of a selection. */
export function selecting(selection: GraphSelection | undefined): {
  node: NodeKey | undefined;
  edge: EdgeKey | undefined;
} {
  return {
    node: selection?.kind === "node" ? selection.key : undefined,
    edge: selection?.kind === "edge" ? selection.key : undefined,
  };
}

export const NO_TRAFFIC: Traffic = { counts: NO_COUNTS, total: 0, totalTime: seconds(0), histogram: [] };

export function nodeKey(name: string, type: string | undefined, account?: string): NodeKey {
  return [type ?? "-", name, ...(account ? [account] : [])].join(" ") as NodeKey;
}

export function edgeKey(from: NodeKey, to: NodeKey, kind: GraphEdge["kind"] = "call"): EdgeKey {
  return `${from} ${kind === "link" ? "⇢" : "→"} ${to}` as EdgeKey;
}

/** The graph of an answer of GetServiceGraph or GetTraceGraph, in an order that does not depend on the answer's. */
export function graphOf(services: readonly XRayService[]): Graph {
  const keys = new Map(services.map((service) => [service.ReferenceId, keyOf(service)]));
  const nodes = services.map(nodeOf);
  const edges = services.flatMap((service) =>
    (service.Edges ?? []).flatMap((edge) => {
      const to = keys.get(edge.ReferenceId);
      return to === undefined ? [] : [edgeOf(keyOf(service), to, edge)];
    }),
  );
  return { nodes: nodes.sort(byKey), edges: edges.sort(byKey) };
}

/** What both had, together. */
export function mergeTraffic(all: readonly Traffic[]): Traffic {
  const sum = (of: (traffic: Traffic) => number) => all.reduce((total, traffic) => total + of(traffic), 0);
  return {
    counts: sumOf(all.map((traffic) => traffic.counts)),
    total: sum((traffic) => traffic.total),
    totalTime: seconds(sum((traffic) => traffic.totalTime)),
    histogram: ascending(all.flatMap((traffic) => traffic.histogram)),
  };
}

/** Entries by response time, one for each. */
export function ascending(entries: readonly Took[]): readonly Took[] {
  const counts = new Map<Seconds, number>();
  for (const { time, count } of entries) counts.set(time, (counts.get(time) ?? 0) + count);
  return [...counts].sort(([a], [b]) => a - b).map(([time, count]) => ({ time, count }));
}

export function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : Number(a.key > b.key);
}

function keyOf(service: XRayService): NodeKey {
  return nodeKey(service.Name ?? "", service.Type ?? undefined, service.AccountId ?? undefined);
}

function nodeOf(service: XRayService): GraphNode {
  const edges = service.Edges ?? [];
  const ofCalls = () =>
    mergeTraffic(edges.map((edge) => trafficOf(edge.SummaryStatistics, edge.ResponseTimeHistogram)));
  return {
    key: keyOf(service),
    name: service.Name ?? "",
    type: service.Type ?? undefined,
    account: service.AccountId ?? undefined,
    isReported: service.State === "active",
    isRoot: service.Root === true,
    // A client has no statistics of its own.
    traffic: service.SummaryStatistics
      ? trafficOf(service.SummaryStatistics, service.ResponseTimeHistogram)
      : ofCalls(),
    members: [],
    counted: [],
  };
}

function edgeOf(from: NodeKey, to: NodeKey, edge: XRayEdge): GraphEdge {
  const kind = edge.EdgeType === "link" ? "link" : "call";
  return {
    key: edgeKey(from, to, kind),
    from,
    to,
    kind,
    traffic: trafficOf(edge.SummaryStatistics, edge.ResponseTimeHistogram),
    ages: tookOf(edge.ReceivedEventAgeHistogram),
    members: [],
  };
}

function trafficOf(
  statistics: XRayServiceStatistics | XRayEdgeStatistics | undefined,
  histogram: readonly XRayHistogramEntry[] | undefined,
): Traffic {
  if (!statistics) return NO_TRAFFIC;
  const counts = {
    ok: statistics.OkCount ?? 0,
    error: statistics.ErrorStatistics?.OtherCount ?? 0,
    throttle: statistics.ErrorStatistics?.ThrottleCount ?? 0,
    fault: statistics.FaultStatistics?.TotalCount ?? 0,
  };
  return {
    counts,
    total: statistics.TotalCount ?? 0,
    totalTime: seconds(statistics.TotalResponseTime ?? 0),
    histogram: tookOf(histogram),
  };
}

function tookOf(histogram: readonly XRayHistogramEntry[] | null | undefined): readonly Took[] {
  // A call that its caller did not time has the value -0, which is 0.
  return ascending(
    (histogram ?? []).map((entry) => ({ time: seconds((entry.Value ?? 0) + 0), count: entry.Count ?? 0 })),
  );
}
