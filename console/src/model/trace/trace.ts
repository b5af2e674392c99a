// A trace as rows: the segments and subsegments of its documents as one tree, parents before children, each with its
// place in time. What rows mean beyond that (self time, critical path, waits) is worked out in modules of its own.

import type { Outcome } from "../outcome";
import type { EpochSeconds, Seconds } from "../units";
import type { Entity } from "./documents";
import { entityOutcome } from "./entity-outcome";

/** Seconds since the trace began. */
export type Offset = number & { readonly unit: "seconds since the trace began" };

export interface Span {
  readonly from: Offset;
  readonly to: Offset;
}

/** Something about a row that readers should know before they trust it. */
export type Oddity =
  /** Its parent has not come, and is named here. */
  | { readonly kind: "orphan"; readonly parentId: string }
  /** It and its parents name each other as parents. */
  | { readonly kind: "cycle"; readonly parentId: string }
  /** It starts so long before the call that led to it: two clocks differ. */
  | { readonly kind: "before-parent"; readonly seconds: Seconds }
  /** Its end lies before its start. */
  | { readonly kind: "ends-before-start"; readonly seconds: Seconds }
  /** Its start is no time of this age: zero or less. */
  | { readonly kind: "no-start" };

export interface Row {
  /** The id, made unique where the trace has it twice. */
  readonly key: string;
  readonly entity: Entity;
  readonly kind: "segment" | "subsegment" | "inferred";
  /** Its place among the rows. */
  readonly index: number;
  readonly parent: number | undefined;
  /** 0 at the left edge. */
  readonly depth: number;
  /** Rows of its subtree, itself included; they follow it immediately. */
  readonly size: number;
  /** Its place among its siblings, from 1, and how many there are. */
  readonly position: number;
  readonly siblings: number;
  /** The row of the segment that it is or is part of. */
  readonly segment: number;
  readonly start: Offset;
  /** Of a row in progress, the end of the trace as it is known now. */
  readonly end: Offset;
  readonly open: boolean;
  readonly outcome: Outcome;
  readonly oddities: readonly Oddity[];
}

export interface Trace {
  readonly rows: readonly Row[];
  readonly begin: EpochSeconds;
  /** From the earliest start to the last end that is known. */
  readonly duration: Seconds;
  /** The row that the request came in by: without a parent, else the earliest. */
  readonly root: Row | undefined;
  readonly byKey: ReadonlyMap<string, Row>;
}

/** Clocks of one machine, cut to milliseconds on one side, may differ by so much. */
const CLOCK_GRAIN = 0.001;

interface Node {
  readonly entity: Entity;
  readonly kind: Row["kind"];
  readonly children: Node[];
  odd: Oddity | undefined;
  placed: boolean;
}

/** Builds the rows. `now` says how far rows in progress have come, when that is still to be told. */
export function buildTrace(documents: readonly Entity[], now?: EpochSeconds): Trace {
  const { segments, byId } = nodesOf(documents);
  const drafts = inOrder(topsOf(segments, byId), segments);
  const { begin, end } = boundsOf(drafts, now);
  const rows = drafts.map((draft, index) => rowOf(draft, index, begin, end));
  for (const [index, row] of rows.entries()) {
    const parent = row.parent === undefined ? undefined : rows[row.parent];
    const early = parent && row.kind === "segment" ? parent.start - row.start : 0;
    if (early > CLOCK_GRAIN) {
      const oddity: Oddity = { kind: "before-parent", seconds: early as Seconds };
      rows[index] = { ...row, oddities: [...row.oddities, oddity] };
    }
  }
  const tops = rows.filter((row) => row.depth === 0);
  return {
    rows,
    begin: begin as EpochSeconds,
    duration: (end - begin) as Seconds,
    root: tops.find((row) => row.entity.parent_id === undefined) ?? tops[0],
    byKey: new Map(rows.map((row) => [row.key, row])),
  };
}

/** Its direct children, by start. */
export function* childrenOf(rows: readonly Row[], row: Row): Generator<Row> {
  const after = row.index + row.size;
  let child = rows[row.index + 1];
  while (child && child.index < after) {
    yield child;
    child = rows[child.index + child.size];
  }
}

export function durationOf(row: Row): Seconds {
  return (row.end - row.start) as Seconds;
}

/** All entities as nodes, subsegments below what holds them. Deep nesting is walked, not recursed into. */
function nodesOf(documents: readonly Entity[]): { segments: Node[]; byId: Map<string, Node> } {
  const byId = new Map<string, Node>();
  const node = (entity: Entity, kind: Node["kind"]): Node => {
    const made: Node = { entity, kind, children: [], odd: undefined, placed: false };
    // The first one keeps an id that comes twice.
    if (!byId.has(entity.id)) byId.set(entity.id, made);
    return made;
  };
  const segments = documents.map((entity) => node(entity, entity.inferred ? "inferred" : "segment"));
  const open = [...segments];
  for (let holder = open.pop(); holder; holder = open.pop()) {
    for (const part of holder.entity.subsegments ?? []) {
      const child = node(part, "subsegment");
      holder.children.push(child);
      open.push(child);
    }
  }
  return { segments, byId };
}

/** Puts segments below their callers, and gives those that have none: the entry first, then orphans, by start. */
function topsOf(segments: readonly Node[], byId: ReadonlyMap<string, Node>): Node[] {
  const tops: Node[] = [];
  for (const segment of segments) {
    const parentId = segment.entity.parent_id;
    const parent = parentId === undefined ? undefined : byId.get(parentId);
    if (parent) parent.children.push(segment);
    else {
      if (parentId !== undefined) segment.odd = { kind: "orphan", parentId };
      tops.push(segment);
    }
  }
  const rank = (node: Node) => (node.odd ? 1 : 0);
  return tops.sort((one, other) => rank(one) - rank(other) || byStart(one, other));
}

interface Draft {
  readonly node: Node;
  readonly key: string;
  readonly parent: number | undefined;
  readonly depth: number;
  readonly position: number;
  readonly siblings: number;
  readonly segment: number;
  size: number;
}

/** All nodes, parents before children. Segments in a circle of parents begin where the earliest of them begins. */
function inOrder(tops: readonly Node[], segments: readonly Node[]): Draft[] {
  const drafts: Draft[] = [];
  const times = new Map<string, number>();
  const place = (top: Node, position: number, siblings: number) => {
    const stack: (Omit<Draft, "key" | "segment" | "size"> & { readonly holder: number })[] = [
      { node: top, parent: undefined, depth: 0, position, siblings, holder: -1 },
    ];
    for (let next = stack.pop(); next; next = stack.pop()) {
      const { node, parent, depth, position, siblings, holder } = next;
      node.placed = true;
      const index = drafts.length;
      const segment = node.kind === "subsegment" ? holder : index;
      const time = (times.get(node.entity.id) ?? 0) + 1;
      times.set(node.entity.id, time);
      const key = time === 1 ? node.entity.id : `${node.entity.id}~${time}`;
      drafts.push({ node, key, parent, depth, position, siblings, segment, size: 1 });
      const children = node.children.filter((child) => !child.placed).sort(byStart);
      for (let last = children.length - 1; last >= 0; last -= 1) {
        const child = children[last];
        if (!child) continue;
        stack.push({
          node: child,
          parent: index,
          depth: depth + 1,
          position: last + 1,
          siblings: children.length,
          holder: segment,
        });
      }
    }
  };
  for (const [at, top] of tops.entries()) place(top, at + 1, tops.length);
  for (const node of [...segments].sort(byStart)) {
    if (node.placed) continue;
    node.odd = { kind: "cycle", parentId: node.entity.parent_id ?? "" };
    place(node, 1, 1);
  }
  for (let index = drafts.length - 1; index >= 0; index -= 1) {
    const draft = drafts[index];
    const parent = draft?.parent === undefined ? undefined : drafts[draft.parent];
    if (draft && parent) parent.size += draft.size;
  }
  return drafts;
}

function byStart(one: Node, other: Node): number {
  return one.entity.start_time - other.entity.start_time;
}

/** From the earliest start to the latest time, in seconds since the epoch. Starts of zero and less do not count. */
function boundsOf(drafts: readonly Draft[], now: EpochSeconds | undefined): { begin: number; end: number } {
  let begin = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  let open = false;
  for (const { node } of drafts) {
    const { start_time, end_time } = node.entity;
    if (start_time > 0) {
      begin = Math.min(begin, start_time);
      end = Math.max(end, start_time);
    }
    if (end_time === undefined) open = true;
    else if (end_time > 0) end = Math.max(end, end_time);
  }
  if (!Number.isFinite(begin)) return { begin: 0, end: Math.max(0, end) };
  if (open && now !== undefined) end = Math.max(end, now);
  return { begin, end: Math.max(begin, end) };
}

function rowOf(draft: Draft, index: number, begin: number, end: number): Row {
  const { node, key, parent, depth, position, siblings, segment, size } = draft;
  const { start_time, end_time } = node.entity;
  const oddities: Oddity[] = node.odd ? [node.odd] : [];
  const timed = start_time > 0;
  if (!timed) oddities.push({ kind: "no-start" });
  const start = timed ? start_time - begin : 0;
  const ended = end_time === undefined ? end - begin : end_time - begin;
  if (timed && end_time !== undefined && end_time < start_time) {
    oddities.push({ kind: "ends-before-start", seconds: (start_time - end_time) as Seconds });
  }
  return {
    key,
    entity: node.entity,
    kind: node.kind,
    index,
    parent,
    depth,
    size,
    position,
    siblings,
    segment,
    start: start as Offset,
    end: Math.max(start, ended) as Offset,
    open: end_time === undefined,
    outcome: entityOutcome(node.entity),
    oddities,
  };
}
