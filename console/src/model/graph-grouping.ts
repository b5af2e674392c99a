// Several nodes drawn as one: Lambda's two nodes of a function, or all nodes of a type.

import { groupBy } from "./collect";
import {
  ascending,
  byKey,
  edgeKey,
  type Graph,
  type GraphEdge,
  type GraphNode,
  mergeTraffic,
  type NodeKey,
  nodeKey,
} from "./graph";
import { kindOf } from "./graph-kind";

export type Grouping = "none" | "function" | "type";

export const GROUPINGS: readonly Grouping[] = ["none", "function", "type"];

const SERVICE = "AWS::Lambda";
const FUNCTION = "AWS::Lambda::Function";

export function grouped(graph: Graph, grouping: Grouping): Graph {
  switch (grouping) {
    case "none":
      return graph;
    case "function":
      return regrouped(graph, functionGroups(graph));
    case "type":
      return regrouped(graph, typeGroups(graph));
  }
}

/** Lambda's service and the function's code, where both are there: what callers see is the service. */
function functionGroups(graph: Graph): readonly GraphNode[] {
  const keyAs = (node: GraphNode, type: string) => nodeKey(node.name, type, node.account);
  const services = new Map(graph.nodes.filter((node) => node.type === SERVICE).map((node) => [node.key, node]));
  return graph.nodes.flatMap((code) => {
    const service = code.type === FUNCTION ? services.get(keyAs(code, SERVICE)) : undefined;
    if (!service) return [];
    const key = keyAs(code, `${SERVICE} + ${FUNCTION}`);
    const isRoot = service.isRoot || code.isRoot;
    return [{ ...service, key, type: FUNCTION, isRoot, members: [service, code], counted: [service] }];
  });
}

function typeGroups(graph: Graph): readonly GraphNode[] {
  const byType = groupBy(graph.nodes, (node) => node.type);
  return [...byType].flatMap(([type, members]) => {
    const [first] = members;
    if (!first || members.length === 1) return [];
    return [
      {
        key: nodeKey(`all ${type ?? "services"}`, type),
        name: `${members.length} × ${kindOf(type).label}`,
        type,
        account: undefined,
        isReported: members.some((node) => node.isReported),
        isRoot: members.some((node) => node.isRoot),
        traffic: mergeTraffic(members.map((node) => node.traffic)),
        members,
        counted: members,
      },
    ];
  });
}

function regrouped(graph: Graph, groups: readonly GraphNode[]): Graph {
  const groupOf = new Map<NodeKey, GraphNode>();
  for (const group of groups) for (const member of group.members) groupOf.set(member.key, group);
  const nodes = [...groups, ...graph.nodes.filter((node) => !groupOf.has(node.key))];
  const keyOf = (key: NodeKey) => groupOf.get(key)?.key ?? key;
  const moved = graph.edges
    // What Lambda's service and the function's code say to each other stays inside.
    .filter(
      (edge) => keyOf(edge.from) !== keyOf(edge.to) || edge.from === edge.to || !isOneService(groupOf.get(edge.to)),
    )
    .map((edge) => ({ edge, from: keyOf(edge.from), to: keyOf(edge.to) }));
  const byEnds = groupBy(moved, ({ edge, from, to }) => edgeKey(from, to, edge.kind));
  const edges = [...byEnds].flatMap(([key, all]): readonly GraphEdge[] => {
    const [first] = all;
    if (!first) return [];
    const { edge, from, to } = first;
    if (from === edge.from && to === edge.to) return [edge];
    const members = all.map((one) => one.edge);
    const ages = ascending(members.flatMap((one) => one.ages));
    return [
      { key, from, to, kind: edge.kind, traffic: mergeTraffic(members.map((one) => one.traffic)), ages, members },
    ];
  });
  return { nodes: nodes.sort(byKey), edges: edges.sort(byKey) };
}

/** Whether a group is one service in several nodes, and not several services. */
function isOneService(group: GraphNode | undefined): boolean {
  return group !== undefined && group.counted.length < group.members.length;
}
