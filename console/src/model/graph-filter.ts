// The filter expressions that find the traces of a node or an edge (docs/filters.md).

import { quoted } from "./filter/lex";
import type { Graph, GraphEdge, GraphNode } from "./graph";
import type { Outcome } from "./outcome";
import type { Seconds } from "./units";

/** Longer ones the server refuses. */
export const LONGEST_FILTER = 4_096;

/** What is asked of a node's segments or an edge's calls, besides that there are any. */
export interface Narrowing {
  /** Only those that ended so; none named: whichever way. */
  readonly outcomes?: readonly Outcome[];
  /** Only those that took so long, both ends included; without an end, as far as it goes. */
  readonly responseTime?: { readonly from?: Seconds; readonly to?: Seconds };
}

/** The traces in which a node took part. */
export function nodeFilter(node: GraphNode, narrowing: Narrowing = {}): string {
  const of = (one: GraphNode) => `service(${idOf(one)})${braces([...typeless(one), ...conditions(narrowing)])}`;
  if (node.members.length === 0) return of(node);
  const all = node.counted.map(of).join(" OR ");
  if (all.length <= LONGEST_FILTER) return all;
  // So many are together because they are of one type.
  const conditionsOfAll = [...(node.type === undefined ? ["!type"] : []), ...conditions(narrowing)];
  const reference = node.type === undefined ? "" : `id(type: ${quoted(node.type)})`;
  return `service(${reference})${braces(conditionsOfAll)}`;
}

/** The traces in which one node called another. */
export function edgeFilter(edge: GraphEdge, graph: Graph, narrowing: Narrowing = {}): string | undefined {
  const nodes = new Map(graph.nodes.flatMap((node) => [node, ...node.members]).map((node) => [node.key, node]));
  const body = braces(conditions(narrowing));
  const of = (one: GraphEdge) => {
    const [from, to] = [nodes.get(one.from), nodes.get(one.to)];
    return from && to ? [`edge(${idOf(from)}, ${idOf(to)})${body}`] : [];
  };
  const all = (edge.members.length === 0 ? [edge] : edge.members).flatMap(of).join(" OR ");
  if (all.length <= LONGEST_FILTER) return all || undefined;
  const [from, to] = [nodes.get(edge.from)?.type, nodes.get(edge.to)?.type];
  return from && to ? `edge(id(type: ${quoted(from)}), id(type: ${quoted(to)}))${body}` : undefined;
}

function idOf(node: GraphNode): string {
  const parts = [`name: ${quoted(node.name)}`];
  if (node.type !== undefined) parts.push(`type: ${quoted(node.type)}`);
  if (node.account !== undefined) parts.push(`account.id: ${quoted(node.account)}`);
  return `id(${parts.join(", ")})`;
}

/** A name alone would mean the client of that name, too. */
function typeless(node: GraphNode): readonly string[] {
  return node.type === undefined ? ["!type"] : [];
}

function conditions({ outcomes = [], responseTime }: Narrowing): readonly string[] {
  const written: string[] = [];
  const ended = outcomes.map((outcome) => ENDED[outcome]);
  if (ended.length === 1) written.push(ended[0] ?? "");
  else if (ended.length > 1) written.push(`(${ended.join(" OR ")})`);
  if (responseTime) {
    // Histograms tell milliseconds: what was rounded to an end lies up to half of one beyond it.
    const { from = 0, to } = responseTime;
    if (from > HALF_MILLISECOND) written.push(`responsetime >= ${decimal(from - HALF_MILLISECOND)}`);
    if (to !== undefined) written.push(`responsetime <= ${decimal(to + HALF_MILLISECOND)}`);
  }
  return written;
}

/** As statistics count: each request once, throttled before faulty before in error. */
const ENDED: Readonly<Record<Outcome, string>> = {
  ok: "ok",
  error: "(error AND !fault)",
  throttle: "throttle",
  fault: "(fault AND !throttle)",
};

const HALF_MILLISECOND = 0.0005;

function decimal(value: number): string {
  return String(Number(value.toFixed(4)));
}

function braces(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : ` { ${conditions.join(" AND ")} }`;
}
