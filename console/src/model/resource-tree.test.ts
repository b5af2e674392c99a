import { expect, test } from "vitest";
import { findMethod, firstMethod, treeOf } from "./resource-tree";

const RESOURCES = [
  { id: "c", parentId: "b", pathPart: "{id}", path: "/orders/{id}", resourceMethods: { DELETE: {}, GET: {} } },
  { id: "a", path: "/" },
  { id: "d", parentId: "a", pathPart: "health", path: "/health" },
  { id: "b", parentId: "a", pathPart: "orders", path: "/orders", resourceMethods: { POST: {} } },
];

test("resources stand below their parents, by path", () => {
  const [root, ...others] = treeOf(RESOURCES);
  expect(others).toEqual([]);
  expect(root?.part).toBe("/");
  expect(root?.children.map((child) => child.path)).toEqual(["/health", "/orders"]);
  expect(root?.children[1]?.children.map((child) => child.part)).toEqual(["{id}"]);
});

test("methods come in the order in which people think of them", () => {
  const found = findMethod(treeOf(RESOURCES), "/orders/{id}", "GET");
  expect(found?.node.methods.map((method) => method.verb)).toEqual(["GET", "DELETE"]);
  expect(found?.found?.verb).toBe("GET");
});

test("a resource whose parent is missing is shown at the top", () => {
  expect(treeOf([{ id: "x", parentId: "gone", path: "/x/y", pathPart: "y" }]).map((node) => node.path)).toEqual([
    "/x/y",
  ]);
});

test("a method that is not there is not found, its resource is", () => {
  const found = findMethod(treeOf(RESOURCES), "/orders", "GET");
  expect(found?.node.path).toBe("/orders");
  expect(found?.found).toBeUndefined();
  expect(findMethod(treeOf(RESOURCES), "/nowhere", "GET")).toBeUndefined();
});

test("the first method is the first in the tree", () => {
  expect(firstMethod(treeOf(RESOURCES))).toEqual({ path: "/orders", verb: "POST" });
  expect(firstMethod(treeOf([{ id: "a", path: "/" }]))).toBeUndefined();
});
