// The layers of a large graph, where dagre takes seconds and stacks hundreds of nodes on one another: callers before
// callees as ever, but a layer that is too high is broken into columns, so that the whole has the shape of a window.

import { groupBy } from "./collect";
import type { NodeKey } from "./graph";
import type { Links, Position, Shape } from "./graph-layout";

/** The layers from callers to callees; calls in a circle are broken where it is entered first. */
export function layersOf({ nodes, edges }: Links): readonly (readonly NodeKey[])[] {
  const callees = new Map([...groupBy(edges, (edge) => edge.from)].map(([from, of]) => [from, of.map(({ to }) => to)]));
  const called = new Set(edges.filter(({ from, to }) => from !== to).map(({ to }) => to));
  const entries = nodes.filter(({ key }) => !called.has(key));
  const order = beforeCallees([...entries, ...nodes], callees);
  const place = new Map(order.map((key, index) => [key, index]));
  const layer = new Map<NodeKey, number>();
  for (const key of order) {
    const own = layer.get(key) ?? 0;
    layer.set(key, own);
    for (const callee of callees.get(key) ?? []) {
      const isAhead = (place.get(callee) ?? 0) > (place.get(key) ?? 0);
      if (isAhead) layer.set(callee, Math.max(layer.get(callee) ?? 0, own + 1));
    }
  }
  const byLayer = groupBy(order, (key) => layer.get(key) ?? 0);
  return [...byLayer].sort(([a], [b]) => a - b).map(([, keys]) => keys);
}

/** Where each node stands. Neighbours stand near one another; layers that are too high have several columns. */
export function brokenLayers(
  layers: readonly (readonly NodeKey[])[],
  edges: Links["edges"],
  shape: Shape,
  gaps: { readonly layers: number; readonly nodes: number },
): ReadonlyMap<NodeKey, Position> {
  const { node, direction, aspect } = shape;
  // Along is from layer to layer, across is within one.
  const cell =
    direction === "LR" ? { along: node.width, across: node.height } : { along: node.height, across: node.width };
  const step = { column: cell.along + gaps.nodes, row: cell.across + gaps.nodes };
  const rows = rowsFor(layers, direction === "LR" ? aspect : 1 / aspect, step, gaps.layers);
  const places = new Map<NodeKey, Position>();
  let along = 0;
  for (const layer of ordered(layers, edges)) {
    const columns = Math.ceil(layer.length / rows);
    const height = Math.ceil(layer.length / columns);
    layer.forEach((key, index) => {
      const column = along + (index % columns) * step.column;
      const row = (Math.floor(index / columns) + (rows - height) / 2) * step.row;
      places.set(key, direction === "LR" ? { x: column, y: row } : { x: row, y: column });
    });
    along += columns * step.column + gaps.layers;
  }
  return places;
}

/** How many rows give the whole about this shape. */
function rowsFor(
  layers: readonly (readonly NodeKey[])[],
  aspect: number,
  step: { readonly column: number; readonly row: number },
  gap: number,
): number {
  const most = Math.max(...layers.map((layer) => layer.length));
  for (let rows = 1; rows < most; rows += 1) {
    const columns = layers.reduce((sum, layer) => sum + Math.ceil(layer.length / rows), 0);
    const width = columns * step.column + (layers.length - 1) * gap;
    if (width <= aspect * rows * step.row) return rows;
  }
  return most;
}

/** Each layer by where the neighbours in the one beside it stand: a few sweeps there and back. */
function ordered(layers: readonly (readonly NodeKey[])[], edges: Links["edges"]): readonly (readonly NodeKey[])[] {
  const callers = groupBy(edges, (edge) => edge.to);
  const callees = groupBy(edges, (edge) => edge.from);
  const share = new Map<NodeKey, number>();
  const note = (layer: readonly NodeKey[]) => {
    for (const [index, key] of layer.entries()) share.set(key, (index + 0.5) / layer.length);
  };
  layers.forEach(note);
  const mean = (key: NodeKey, neighbours: readonly NodeKey[]) =>
    neighbours.length === 0
      ? (share.get(key) ?? 0)
      : neighbours.reduce((sum, neighbour) => sum + (share.get(neighbour) ?? 0), 0) / neighbours.length;
  let now = layers.map((layer) => [...layer]);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forwards = sweep % 2 === 0;
    const sorted = (forwards ? now : [...now].reverse()).map((layer) => {
      const beside = (key: NodeKey) =>
        forwards ? (callers.get(key) ?? []).map(({ from }) => from) : (callees.get(key) ?? []).map(({ to }) => to);
      const means = new Map(layer.map((key) => [key, mean(key, beside(key))]));
      const next = [...layer].sort((a, b) => (means.get(a) ?? 0) - (means.get(b) ?? 0));
      note(next);
      return next;
    });
    now = forwards ? sorted : sorted.reverse();
  }
  return now;
}

/** Odd, so that callees stand by their callers in the end. */
const SWEEPS = 7;

/** Every node before those that it calls, but where calls go in a circle. */
function beforeCallees(starts: Links["nodes"], callees: ReadonlyMap<NodeKey, readonly NodeKey[]>): readonly NodeKey[] {
  const seen = new Set<NodeKey>();
  const done: NodeKey[] = [];
  for (const { key: start } of starts) {
    if (seen.has(start)) continue;
    seen.add(start);
    const open = [{ key: start, next: 0 }];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const callee = callees.get(top.key)?.[top.next];
      top.next += 1;
      if (callee === undefined) {
        done.push(top.key);
        open.pop();
      } else if (!seen.has(callee)) {
        seen.add(callee);
        open.push({ key: callee, next: 0 });
      }
    }
  }
  return done.reverse();
}
