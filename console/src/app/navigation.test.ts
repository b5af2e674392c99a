import { expect, test } from "vitest";
import { pageOf, titleOf } from "./navigation";

test("a page belongs to the navigation's by its whole name", () => {
  expect(pageOf("/traces/1-67891233-abc")?.text).toBe("Traces");
  expect(pageOf("/sampling")?.text).toBe("Sampling");
  expect(pageOf("/mapping")).toBeUndefined();
});

test("a title says first what is special", () => {
  expect(titleOf("/sampling")).toBe("Sampling · Fluoro");
  expect(titleOf("/sampling/keep%20orders")).toBe("keep orders · Sampling · Fluoro");
  expect(titleOf("/apis/abc/stages/Prod")).toBe("Prod · stages · abc · APIs · Fluoro");
  expect(titleOf("/sampling/100%")).toBe("100% · Sampling · Fluoro");
  expect(titleOf("/")).toBe("Fluoro");
});
