import { expect, test } from "vitest";
import { coldRequest } from "./fixture";
import { collapsedTo, deepest, type Move, moveFor, NONE_COLLAPSED, revealed, toggled, visibleRows } from "./row-tree";
import { buildTrace, type Row } from "./trace";

const { rows, byKey } = buildTrace(coldRequest());

function row(key: string): Row {
  const found = byKey.get(key);
  if (!found) throw new Error(`the trace has no row ${key}`);
  return found;
}

function keys(shown: readonly Row[]): string[] {
  return shown.map((row) => row.key);
}

test("below a folded row nothing is shown", () => {
  expect(keys(visibleRows(rows, new Set(["invocation"])))).toEqual([
    "stage",
    "call",
    "lambda",
    "function",
    "init",
    "invocation",
    "overhead",
  ]);
  expect(keys(visibleRows(rows, new Set(["stage", "invocation"])))).toEqual(["stage"]);
});

test("only some rows, with what stands above them", () => {
  const kept = new Set([row("init"), row("overhead")]);
  expect(keys(visibleRows(rows, NONE_COLLAPSED, kept))).toEqual([
    "stage",
    "call",
    "lambda",
    "function",
    "init",
    "overhead",
  ]);
  expect(visibleRows(rows, NONE_COLLAPSED, new Set())).toEqual([]);
});

test("folding to a depth", () => {
  expect(keys(visibleRows(rows, collapsedTo(rows, 0)))).toEqual(["stage"]);
  expect(keys(visibleRows(rows, collapsedTo(rows, 2)))).toEqual(["stage", "call", "lambda"]);
  expect(collapsedTo(rows, deepest(rows)).size).toBe(0);
});

test("a row is revealed by unfolding what stands above it, and no more", () => {
  const collapsed = revealed(rows, collapsedTo(rows, 0), row("table"));
  expect(keys(visibleRows(rows, collapsed))).toContain("table");
  expect(collapsed.has("table")).toBe(true);
  expect(revealed(rows, NONE_COLLAPSED, row("table"))).toBe(NONE_COLLAPSED);
});

test("unfolding a row again shows its children as they were", () => {
  const once = toggled(new Set(["invocation"]), row("function"));
  expect([...once].sort()).toEqual(["function", "invocation"]);
  expect([...toggled(once, row("function"))]).toEqual(["invocation"]);
});

function press(key: string, at: string, collapsed: ReadonlySet<string> = NONE_COLLAPSED): string | undefined {
  const visible = visibleRows(rows, collapsed);
  const move: Move | undefined = moveFor(key, { rows, visible, collapsed, row: row(at), page: 3 });
  switch (move?.kind) {
    case undefined:
      return undefined;
    case "go":
      return move.to.key;
    case "collapse":
      return `collapsed: ${[...move.to].join(" ")}`;
    case "open":
      return "open";
  }
}

test("arrows walk over what is shown", () => {
  expect(press("ArrowDown", "stage")).toBe("call");
  expect(press("ArrowUp", "call")).toBe("stage");
  expect(press("ArrowUp", "stage")).toBeUndefined();
  expect(press("ArrowDown", "overhead")).toBeUndefined();
  expect(press("ArrowDown", "invocation", new Set(["invocation"]))).toBe("overhead");
  expect(press("PageDown", "stage")).toBe("function");
  expect(press("PageUp", "call")).toBe("stage");
  expect(press("Home", "table")).toBe("stage");
  expect(press("End", "stage")).toBe("overhead");
});

test("right unfolds, then goes to the first child; left folds up, then goes to the parent", () => {
  expect(press("ArrowRight", "invocation", new Set(["invocation"]))).toBe("collapsed: ");
  expect(press("ArrowRight", "invocation")).toBe("table");
  expect(press("ArrowRight", "overhead")).toBeUndefined();
  expect(press("ArrowLeft", "invocation")).toBe("collapsed: invocation");
  expect(press("ArrowLeft", "invocation", new Set(["invocation"]))).toBe("function");
  expect(press("ArrowLeft", "overhead")).toBe("function");
  expect(press("ArrowLeft", "stage", new Set(["stage"]))).toBeUndefined();
});

test("a star unfolds all siblings, enter and space open, other keys are for others", () => {
  expect(press("*", "init", new Set(["invocation", "stage"]))).toBe("collapsed: stage");
  expect(press("Enter", "init")).toBe("open");
  expect(press(" ", "init")).toBe("open");
  expect(press("q", "init")).toBeUndefined();
});
