// Where the nodes of a graph stand: callers before callees in layers, each connected part by itself, the parts packed
// to the shape of the window. A pure function of the graph; `keepPlaces` makes it a calm one from refresh to refresh.

import { Graph as Layered, layout } from "@dagrejs/dagre";
import { groupBy } from "./collect";
import type { NodeKey } from "./graph";
import { brokenLayers, layersOf } from "./graph-layers";

export interface Position {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export type Places = ReadonlyMap<NodeKey, Position>;

/** From left to right, or where there is little room at the sides, from top to bottom. */
export type Direction = "LR" | "TB";

/** What a layout needs to know of a graph. */
export interface Links {
  readonly nodes: readonly { readonly key: NodeKey }[];
  readonly edges: readonly { readonly from: NodeKey; readonly to: NodeKey }[];
}

export interface Shape {
  readonly node: Size;
  readonly direction: Direction;
  /** Width by height of what the graph is to fill. */
  readonly aspect: number;
}

/** Between layers an edge's label has to fit. */
const BETWEEN_LAYERS = 110;
const BETWEEN_NODES = 28;
const BETWEEN_PARTS = 64;

/** More nodes, or more of them in one layer, are laid out without dagre. */
const LARGE = 80;
const HIGH = 14;

interface Part {
  readonly places: Places;
  readonly size: Size;
}

export function layered(graph: Links, shape: Shape): Places {
  const parts = partsOf(graph).map((part) => laidOut(part, shape));
  return packed(parts, shape.aspect);
}

/**
 * Leaves nodes where they were, and puts the new ones beside the neighbours that they stand beside in `fresh`, a layout
 * of the whole graph. What was placed and is gone now keeps its place free.
 */
export function keepPlaces(before: Places, fresh: Places, edges: Links["edges"], node: Size): Places {
  if (![...fresh.keys()].some((key) => before.has(key))) return fresh;
  const places = new Map(before);
  const neighbours = neighboursOf(edges);
  let waiting = [...fresh].filter(([key]) => !before.has(key));
  while (waiting.length > 0) {
    const left = waiting.filter(([key, position]) => {
      const beside = (neighbours.get(key) ?? []).find((one) => places.has(one) && fresh.has(one));
      if (beside === undefined) return true;
      const wanted = moved(position, offset(fresh.get(beside), places.get(beside)));
      places.set(key, freePlace(wanted, places, node));
      return false;
    });
    if (left.length === waiting.length) return withUnknownParts(places, left, node);
    waiting = left;
  }
  return places;
}

/** Parts without any node that was there before go below everything, as they stand to each other. */
function withUnknownParts(places: Map<NodeKey, Position>, added: readonly [NodeKey, Position][], node: Size): Places {
  const xs = [...places.values()].map((position) => position.x);
  const ys = [...places.values()].map((position) => position.y);
  const below = { x: Math.min(...xs), y: Math.max(...ys) + node.height + BETWEEN_PARTS };
  const corner = {
    x: Math.min(...added.map(([, position]) => position.x)),
    y: Math.min(...added.map(([, position]) => position.y)),
  };
  for (const [key, position] of added) places.set(key, moved(position, offset(corner, below)));
  return places;
}

function neighboursOf(edges: Links["edges"]): ReadonlyMap<NodeKey, readonly NodeKey[]> {
  const neighbours = new Map<NodeKey, NodeKey[]>();
  const add = (key: NodeKey, neighbour: NodeKey) => {
    const known = neighbours.get(key);
    if (known) known.push(neighbour);
    else neighbours.set(key, [neighbour]);
  };
  for (const { from, to } of edges) {
    // Callers first: beside its caller is where one looks for a callee.
    add(to, from);
    add(from, to);
  }
  return neighbours;
}

/** The wanted place, or the next one below that is free. */
function freePlace(wanted: Position, places: Places, node: Size): Position {
  const column = [...places.values()]
    .filter(({ x }) => Math.abs(x - wanted.x) < node.width + BETWEEN_NODES / 2)
    .sort((a, b) => a.y - b.y);
  let y = wanted.y;
  for (const taken of column) {
    if (Math.abs(taken.y - y) < node.height + BETWEEN_NODES / 2) y = taken.y + node.height + BETWEEN_NODES;
  }
  return { x: wanted.x, y };
}

function moved(position: Position, by: Position): Position {
  return { x: position.x + by.x, y: position.y + by.y };
}

function offset(from: Position | undefined, to: Position | undefined): Position {
  return from && to ? { x: to.x - from.x, y: to.y - from.y } : { x: 0, y: 0 };
}

/** The connected parts of a graph, the greatest first. */
function partsOf({ nodes, edges }: Links): readonly Links[] {
  const neighbours = neighboursOf(edges);
  const partOf = new Map<NodeKey, number>();
  let parts = 0;
  for (const { key } of nodes) {
    if (partOf.has(key)) continue;
    const open = [key];
    partOf.set(key, parts);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const neighbour of neighbours.get(next) ?? []) {
        if (partOf.has(neighbour)) continue;
        partOf.set(neighbour, parts);
        open.push(neighbour);
      }
    }
    parts += 1;
  }
  const nodesOf = groupBy(nodes, (node) => partOf.get(node.key));
  const edgesOf = groupBy(edges, (edge) => partOf.get(edge.from));
  return [...nodesOf]
    .map(([part, of]) => ({ nodes: of, edges: edgesOf.get(part) ?? [] }))
    .sort((a, b) => b.nodes.length - a.nodes.length);
}

/** A connected part in layers, its corner at the origin. */
function laidOut(part: Links, shape: Shape): Part {
  const { node } = shape;
  const layers = layersOf(part);
  const isLarge = part.nodes.length > LARGE || layers.some((layer) => layer.length > HIGH);
  const gaps = { layers: BETWEEN_LAYERS, nodes: BETWEEN_NODES };
  const corners = [...(isLarge ? brokenLayers(layers, part.edges, shape, gaps) : byDagre(part, shape))];
  const left = Math.min(...corners.map(([, { x }]) => x));
  const top = Math.min(...corners.map(([, { y }]) => y));
  return {
    places: new Map(corners.map(([key, { x, y }]) => [key, { x: x - left, y: y - top }])),
    size: {
      width: Math.max(...corners.map(([, { x }]) => x)) - left + node.width,
      height: Math.max(...corners.map(([, { y }]) => y)) - top + node.height,
    },
  };
}

function byDagre(part: Links, { node, direction }: Shape): Places {
  const graph = new Layered();
  graph.setGraph({ rankdir: direction, ranksep: BETWEEN_LAYERS, nodesep: BETWEEN_NODES });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { key } of part.nodes) graph.setNode(key, { ...node });
  for (const { from, to } of part.edges) if (from !== to) graph.setEdge(from, to);
  layout(graph);
  // dagre tells the middles.
  return new Map(
    part.nodes.map(({ key }) => {
      const { x = 0, y = 0 } = graph.node(key) as Partial<Position>;
      return [key, { x: x - node.width / 2, y: y - node.height / 2 }];
    }),
  );
}

/** Parts side by side in rows, the rows together about of this shape. */
function packed(parts: readonly Part[], aspect: number): Places {
  const cells = parts.map(({ size }) => (size.width + BETWEEN_PARTS) * (size.height + BETWEEN_PARTS));
  const square = Math.sqrt(cells.reduce((sum, cell) => sum + cell, 0) * aspect);
  const widest = Math.max(0, ...parts.map(({ size }) => size.width));
  // Rows are never quite full: which width comes nearest is found by trying.
  const tries = [1, 1.15, 1.3, 1.5, 1.75].map((factor) => inRows(parts, Math.max(widest, square * factor)));
  const distance = ({ size }: Part) => Math.abs(Math.log(size.width / size.height / aspect));
  const best = tries.reduce((nearest, one) => (distance(one) < distance(nearest) ? one : nearest));
  return best.places;
}

function inRows(parts: readonly Part[], width: number): Part {
  const places = new Map<NodeKey, Position>();
  let corner = { x: 0, y: 0 };
  let rowHeight = 0;
  let used = 0;
  for (const part of parts) {
    if (corner.x > 0 && corner.x + part.size.width > width) {
      corner = { x: 0, y: corner.y + rowHeight + BETWEEN_PARTS };
      rowHeight = 0;
    }
    for (const [key, position] of part.places) places.set(key, moved(position, corner));
    used = Math.max(used, corner.x + part.size.width);
    corner = { x: corner.x + part.size.width + BETWEEN_PARTS, y: corner.y };
    rowHeight = Math.max(rowHeight, part.size.height);
  }
  return { places, size: { width: used, height: corner.y + rowHeight } };
}
