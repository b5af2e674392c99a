import { expect, test } from "vitest";
import type { NodeKey } from "./graph";
import { keepPlaces, type Links, layered, type Places, type Shape } from "./graph-layout";

const SHAPE: Shape = { node: { width: 200, height: 60 }, direction: "LR", aspect: 1.6 };

/** `a>b` is an edge, `a` a node. */
function links(...words: readonly string[]): Links {
  const edges = words.filter((word) => word.includes(">")).map((word) => word.split(">") as [NodeKey, NodeKey]);
  const keys = new Set(words.flatMap((word) => word.split(">") as NodeKey[]));
  return { nodes: [...keys].sort().map((key) => ({ key })), edges: edges.map(([from, to]) => ({ from, to })) };
}

function at(places: Places, key: string) {
  const place = places.get(key as NodeKey);
  if (!place) throw new Error(`${key} has no place`);
  return place;
}

/** The pairs of nodes that cover each other. */
function overlaps(places: Places): readonly (readonly [string, string])[] {
  const all = [...places];
  return all.flatMap(([a, first], index) =>
    all
      .slice(index + 1)
      .filter(([, second]) => Math.abs(first.x - second.x) < 200 && Math.abs(first.y - second.y) < 60)
      .map(([b]) => [a, b] as const),
  );
}

test("callers stand before callees, from left to right or from top to bottom", () => {
  const graph = links("client>stage", "stage>function", "function>table", "function>queue");
  const across = layered(graph, SHAPE);
  expect(at(across, "stage").x).toBeGreaterThan(at(across, "client").x + 200);
  expect(at(across, "table").x).toBe(at(across, "queue").x);
  const down = layered(graph, { ...SHAPE, direction: "TB" });
  expect(at(down, "stage").y).toBeGreaterThan(at(down, "client").y + 60);
});

test("circles and calls of oneself are laid out too", () => {
  const places = layered(links("a>b", "b>c", "c>a", "a>a"), SHAPE);
  expect(places.size).toBe(3);
  expect(overlaps(places)).toEqual([]);
});

test("parts that are not connected are packed to the shape that is asked for", () => {
  const pairs = Array.from({ length: 40 }, (_, index) => `a${index}>b${index}`);
  const places = layered(links(...pairs), SHAPE);
  const width = Math.max(...[...places.values()].map(({ x }) => x)) + 200;
  const height = Math.max(...[...places.values()].map(({ y }) => y)) + 60;
  expect(overlaps(places)).toEqual([]);
  expect(width / height).toBeGreaterThan(1);
  expect(width / height).toBeLessThan(2.6);
});

test("the same graph is laid out the same each time", () => {
  const graph = links("a>b", "a>c", "d>c");
  expect([...layered(graph, SHAPE)]).toEqual([...layered(graph, SHAPE)]);
});

test("nodes that were there stay where they are, wherever that is", () => {
  const before = new Map(layered(links("a>b"), SHAPE)).set("b" as NodeKey, { x: 1_000, y: 777 });
  const grown = links("a>b", "b>c", "a>d");
  const places = keepPlaces(before, layered(grown, SHAPE), grown.edges, SHAPE.node);
  expect(at(places, "b")).toEqual({ x: 1_000, y: 777 });
  expect(at(places, "a")).toEqual(at(before, "a"));
  // Beside the neighbour, where that stands now.
  expect(at(places, "c").x).toBeGreaterThan(1_200);
  expect(overlaps(places)).toEqual([]);
});

test("new nodes find a free place, new parts one below everything", () => {
  const small = links("a>b1");
  const before = layered(small, SHAPE);
  const grown = links("a>b1", ...Array.from({ length: 8 }, (_, index) => `a>b${index + 2}`), "x>y");
  const places = keepPlaces(before, layered(grown, SHAPE), grown.edges, SHAPE.node);
  expect(overlaps(places)).toEqual([]);
  const lowest = Math.max(...[...places].filter(([key]) => key !== "x" && key !== "y").map(([, { y }]) => y));
  expect(at(places, "x").y).toBeGreaterThan(lowest);
  expect(at(places, "y").x).toBeGreaterThan(at(places, "x").x);
});

test("what is gone for now finds its place kept", () => {
  const both = links("a>b", "a>c");
  const before = layered(both, SHAPE);
  const without = keepPlaces(before, layered(links("a>b"), SHAPE), links("a>b").edges, SHAPE.node);
  expect(at(without, "c")).toEqual(at(before, "c"));
});

test("a large part is as wide as is asked for, its callers before its callees", () => {
  const words = Array.from({ length: 499 }, (_, index) => `n${Math.floor(index / 3)}>n${index + 1}`);
  const more = Array.from({ length: 300 }, (_, index) => `n${index}>n${(index * 7) % 500}`);
  const graph = links(...words, ...more);
  const places = layered(graph, SHAPE);
  expect(places.size).toBe(500);
  expect(overlaps(places)).toEqual([]);
  const tree = layered(links(...words), SHAPE);
  const width = Math.max(...[...tree.values()].map(({ x }) => x)) + 200;
  const height = Math.max(...[...tree.values()].map(({ y }) => y)) + 60;
  expect(width / height).toBeGreaterThan(1);
  expect(width / height).toBeLessThan(2.4);
  for (const { from, to } of links(...words).edges) expect(at(tree, to).x).toBeGreaterThan(at(tree, from).x);
});

test("a service with dozens of callees does not become a tower", () => {
  const places = layered(links(...Array.from({ length: 60 }, (_, index) => `a>b${index}`)), SHAPE);
  const height = Math.max(...[...places.values()].map(({ y }) => y)) + 60;
  expect(height).toBeLessThan(1_200);
});
