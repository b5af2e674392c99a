import { expect, test } from "vitest";
import { epochSeconds } from "../units";
import { coldRequest, entity, T0 } from "./fixture";
import { buildTrace, childrenOf, type Row } from "./trace";

/** The tree as text: two spaces a level. */
function outline(rows: readonly Row[]): string[] {
  return rows.map((row) => `${"  ".repeat(row.depth)}${row.key}`);
}

function rounded(value: number): number {
  return Number(value.toFixed(6));
}

test("segments stand below the calls that led to them, siblings by start", () => {
  const { rows, root, duration } = buildTrace(coldRequest());
  expect(outline(rows)).toEqual([
    "stage",
    "  call",
    "    lambda",
    "      function",
    "        init",
    "        invocation",
    "          table",
    "            inferred",
    "        overhead",
  ]);
  expect(root?.key).toBe("stage");
  expect(rounded(duration)).toBe(1);
  expect(rows.map((row) => row.size)).toEqual([9, 8, 7, 6, 1, 3, 2, 1, 1]);
  expect(rows.map((row) => row.kind)).toEqual([
    "segment",
    "subsegment",
    "segment",
    "segment",
    "subsegment",
    "subsegment",
    "subsegment",
    "inferred",
    "subsegment",
  ]);
  // The segment that each is part of.
  expect(rows.map((row) => rows[row.segment]?.key)).toEqual([
    "stage",
    "stage",
    "lambda",
    "function",
    "function",
    "function",
    "function",
    "inferred",
    "function",
  ]);
});

test("rows know their place among their siblings, and their children", () => {
  const { rows, byKey } = buildTrace(coldRequest());
  const overhead = byKey.get("overhead");
  expect([overhead?.position, overhead?.siblings]).toEqual([3, 3]);
  const called = byKey.get("function");
  expect(called && [...childrenOf(rows, called)].map((row) => row.key)).toEqual(["init", "invocation", "overhead"]);
});

test("the order of the documents changes nothing", () => {
  const shuffled = buildTrace(coldRequest().reverse());
  expect(outline(shuffled.rows)).toEqual(outline(buildTrace(coldRequest()).rows));
});

test("nothing at all is an empty trace", () => {
  const trace = buildTrace([]);
  expect(trace.rows).toEqual([]);
  expect(trace.root).toBeUndefined();
  expect(trace.duration).toBe(0);
});

test("a segment whose parent has not come stands at the left edge, after the entry", () => {
  const { rows, root } = buildTrace([entity("late", 0, 1, { parent_id: "nobody" }), entity("entry", 0.5, 1)]);
  expect(outline(rows)).toEqual(["entry", "late"]);
  expect(root?.key).toBe("entry");
  expect(rows[1]?.oddities).toEqual([{ kind: "orphan", parentId: "nobody" }]);
});

test("a trace of orphans begins with the earliest", () => {
  const { root } = buildTrace([entity("b", 1, 2, { parent_id: "x" }), entity("a", 0, 1, { parent_id: "y" })]);
  expect(root?.key).toBe("a");
});

test("segments that name each other as parents are shown once each", () => {
  const { rows } = buildTrace([
    entity("a", 0, 1, { parent_id: "b" }),
    entity("b", 0.5, 1, { parent_id: "a" }),
    entity("self", 2, 3, { parent_id: "self" }),
    entity("entry", 0, 3),
  ]);
  expect(outline(rows)).toEqual(["entry", "a", "  b", "self"]);
  expect(rows[1]?.oddities).toEqual([{ kind: "cycle", parentId: "b" }]);
});

test("a segment whose parent is a part of itself is shown once", () => {
  const { rows } = buildTrace([entity("a", 0, 1, { parent_id: "b", subsegments: [entity("b", 0, 1)] })]);
  expect(outline(rows)).toEqual(["a", "  b"]);
});

test("an id that comes twice gives two rows with keys of their own", () => {
  const { rows, byKey } = buildTrace([entity("a", 0, 1, { subsegments: [entity("x", 0, 1), entity("x", 0, 1)] })]);
  expect(outline(rows)).toEqual(["a", "  x", "  x~2"]);
  expect(byKey.size).toBe(3);
});

test("what is in progress lasts until the trace's end, or until now", () => {
  const documents = [entity("a", 0, undefined), entity("b", 0.25, 0.5, { parent_id: "a" })];
  const known = buildTrace(documents);
  expect([known.rows[0]?.open, known.rows[0]?.end]).toEqual([true, 0.5]);
  const live = buildTrace(documents, epochSeconds(T0 + 2));
  expect([live.rows[0]?.end, live.rows[1]?.end]).toEqual([2, 0.5]);
});

test("now does not lengthen a trace that has ended", () => {
  expect(buildTrace([entity("a", 0, 1)], epochSeconds(T0 + 100)).duration).toBe(1);
});

test("a child that starts before its caller is told of, and stays where its clock put it", () => {
  const { rows } = buildTrace([entity("a", 1, 2), entity("b", 0.25, 1.5, { parent_id: "a" })]);
  expect(rows.map((row) => row.start)).toEqual([0.75, 0]);
  expect(rows[1]?.oddities).toEqual([{ kind: "before-parent", seconds: 0.75 }]);
});

test("a part of a segment may lie before it: it has the same clock", () => {
  const { rows } = buildTrace([entity("a", 1, 2, { subsegments: [entity("init", 0, 0.5)] })]);
  expect(rows[1]?.oddities).toEqual([]);
});

test("an end before the start is no time at all", () => {
  const { rows } = buildTrace([entity("a", 2, 1), entity("b", 0, 3)]);
  const odd = rows.find((row) => row.key === "a");
  expect([odd?.start, odd?.end]).toEqual([2, 2]);
  expect(odd?.oddities).toEqual([{ kind: "ends-before-start", seconds: 1 }]);
});

test("starts of zero and less do not stretch the trace over decades", () => {
  const zero = { ...entity("zero", 0, 1), start_time: 0 };
  const { rows, begin, duration } = buildTrace([entity("a", 0, 2), zero]);
  expect([begin, duration]).toEqual([T0, 2]);
  const odd = rows.find((row) => row.key === "zero");
  expect([odd?.start, odd?.end]).toEqual([0, 1]);
  expect(odd?.oddities).toEqual([{ kind: "no-start" }]);
});

test("outcomes come from flags, and from statuses without flags", () => {
  const outcome = (rest: Parameters<typeof entity>[3]) => buildTrace([entity("a", 0, 1, rest)]).rows[0]?.outcome;
  expect(outcome({})).toBe("ok");
  expect(outcome({ error: true })).toBe("error");
  expect(outcome({ error: true, fault: true })).toBe("fault");
  expect(outcome({ error: true, fault: true, throttle: true })).toBe("throttle");
  expect(outcome({ http: { response: { status: 429 } } })).toBe("throttle");
  expect(outcome({ http: { response: { status: 503 } } })).toBe("fault");
  expect(outcome({ fault: false, http: { response: { status: 404 } } })).toBe("error");
});

test("ten thousand rows side by side and ten thousand below each other", () => {
  const many = Array.from({ length: 10_000 }, (_, at) => entity(`s${at}`, at, at + 1));
  const wide = buildTrace([entity("root", 0, 10_000, { subsegments: many })]);
  expect(wide.rows.length).toBe(10_001);
  expect(wide.rows.at(-1)?.position).toBe(10_000);
  let nested = entity("deepest", 0, 1);
  for (let depth = 0; depth < 10_000; depth += 1) nested = entity(`d${depth}`, 0, 1, { subsegments: [nested] });
  const deep = buildTrace([nested]);
  expect(deep.rows.at(-1)?.depth).toBe(10_000);
  expect(deep.rows[0]?.size).toBe(10_001);
});
