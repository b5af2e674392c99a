// Where the nodes stand, from one refresh to the next: those that were there stay, new ones are put beside them, until
// somebody moves them or has everything laid out anew.

import { useState } from "react";
import type { Graph, NodeKey } from "../../model/graph";
import { keepPlaces, layered, type Places, type Position, type Shape } from "../../model/graph-layout";

interface Kept {
  readonly of: string;
  readonly nodes: string;
  readonly places: Places;
}

export interface PlaceKeeping {
  readonly places: Places;
  readonly move: (key: NodeKey, to: Position) => void;
  readonly layOutAnew: () => void;
}

/** `of` says what is drawn: of something else nothing is kept. */
export function usePlaces(graph: Graph, shape: Shape, of: string): PlaceKeeping {
  const [kept, setKept] = useState<Kept>(() => ({ of, nodes: nodesOf(graph), places: layered(graph, shape) }));
  const nodes = nodesOf(graph);
  let now = kept;
  if (kept.of !== of) now = { of, nodes, places: layered(graph, shape) };
  else if (kept.nodes !== nodes) now = { of, nodes, places: withNew(kept.places, graph, shape) };
  // React renders again at once with what is set here; nothing is drawn in between.
  if (now !== kept) setKept(now);
  return {
    places: now.places,
    move: (key, to) => setKept((before) => ({ ...before, places: new Map(before.places).set(key, to) })),
    layOutAnew: () => setKept({ of, nodes, places: layered(graph, shape) }),
  };
}

function withNew(places: Places, graph: Graph, shape: Shape): Places {
  const known = graph.nodes.every((node) => places.has(node.key));
  return known ? places : keepPlaces(places, layered(graph, shape), graph.edges, shape.node);
}

function nodesOf(graph: Graph): string {
  return graph.nodes.map((node) => node.key).join("\n");
}
