// A graph as React Flow takes it.

import { Position } from "@xyflow/react";
import type { Graph, GraphEdge, GraphNode, GraphSelection, NodeKey } from "../../model/graph";
import type { Direction, Places } from "../../model/graph-layout";
import { worstOf } from "../../model/graph-statistics";
import type { Seconds } from "../../model/units";
import { edgeClass, edgeLabel, type ServiceEdge } from "./edge";
import { NODE_SIZE, nodeLabel, RING_MIDDLE, type ServiceNode } from "./node";

interface View {
  readonly window: Seconds | undefined;
  readonly selection: GraphSelection | undefined;
  /** What was searched for; undefined when nothing is. */
  readonly found: ReadonlySet<NodeKey> | undefined;
}

export function nodesOf(graph: Graph, view: View & { places: Places; direction: Direction }): ServiceNode[] {
  const { places, window, direction, selection, found } = view;
  const handles = HANDLES[direction];
  return graph.nodes.map((node) => {
    const isSelected = selection?.kind === "node" && selection.key === node.key;
    return {
      id: node.key,
      type: "service",
      position: places.get(node.key) ?? { x: 0, y: 0 },
      // Said beforehand, nothing has to be measured before edges can be drawn.
      ...NODE_SIZE,
      measured: NODE_SIZE,
      handles,
      sourcePosition: direction === "LR" ? Position.Right : Position.Bottom,
      targetPosition: direction === "LR" ? Position.Left : Position.Top,
      data: { node, window },
      selected: isSelected,
      className: classes(node, found),
      ariaRole: "button",
      ariaLabel: nodeLabel(node),
      domAttributes: { "aria-pressed": isSelected, "aria-roledescription": undefined },
    };
  });
}

const { width, height } = NODE_SIZE;

/** Where edges end and where they begin: at the sides by the ring, above and below in the middle. */
const HANDLES: Readonly<Record<Direction, NonNullable<ServiceNode["handles"]>>> = {
  LR: [handle("target", Position.Left, 0, RING_MIDDLE), handle("source", Position.Right, width, RING_MIDDLE)],
  TB: [handle("target", Position.Top, width / 2, 0), handle("source", Position.Bottom, width / 2, height)],
};

function handle(type: "source" | "target", position: Position, x: number, y: number) {
  return { type, position, x, y, width: 0, height: 0 };
}

export function edgesOf(graph: Graph, { window, selection, found }: View): ServiceEdge[] {
  const nodes = new Map(graph.nodes.map((node) => [node.key, node]));
  return graph.edges.flatMap((edge) => {
    const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
    if (!from || !to) return [];
    const isSelected = selection?.kind === "edge" && selection.key === edge.key;
    return [
      {
        id: edge.key,
        type: "calls" as const,
        source: edge.from,
        target: edge.to,
        data: { edge, window },
        selected: isSelected,
        className: [edgeClass(edge), ...emphasis(edge, selection, found)].join(" "),
        ariaRole: "button" as const,
        ariaLabel: edgeLabel(edge, from, to),
        domAttributes: { "aria-pressed": isSelected, "aria-roledescription": undefined },
      },
    ];
  });
}

function classes(node: GraphNode, found: ReadonlySet<NodeKey> | undefined): string {
  const search = found === undefined ? [] : [found.has(node.key) ? "service-graph-found" : "service-graph-dim"];
  const health = worstOf(node.traffic) ?? "ok";
  return [health, ...(node.members.length > 0 ? ["service-graph-group"] : []), ...search].join(" ");
}

function emphasis(
  edge: GraphEdge,
  selection: GraphSelection | undefined,
  found: ReadonlySet<NodeKey> | undefined,
): readonly string[] {
  const touches = (key: string) => edge.from === key || edge.to === key;
  if (selection?.kind === "node" && touches(selection.key)) return ["service-graph-near"];
  return found !== undefined && !found.has(edge.from) && !found.has(edge.to) ? ["service-graph-dim"] : [];
}
