// Nodes by a few letters of their name or their type.

import type { Graph, GraphNode, NodeKey } from "./graph";
import { kindOf } from "./graph-kind";

/** The nodes that have every word of the text in their name, type or members. */
export function matchesOf(graph: Graph, text: string): ReadonlySet<NodeKey> {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (node: GraphNode) => {
    const written = [node, ...node.members].map(wordsOf).join("\n").toLowerCase();
    return words.every((word) => written.includes(word));
  };
  return new Set(graph.nodes.filter(fits).map((node) => node.key));
}

function wordsOf(node: GraphNode): string {
  return [node.name, node.type, kindOf(node.type).label, node.account].filter(Boolean).join("\n");
}
