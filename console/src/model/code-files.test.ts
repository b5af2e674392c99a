import { expect, test } from "vitest";
import { handlerFile, inReadingOrder } from "./code-files";

const FILES = [
  { path: "LICENSE", text: "…" },
  { path: "app.pyc", text: null },
  { path: "app.py", text: "def handler(): …" },
  { path: "src/deep/index.mjs", text: "export …" },
];

test("the handler's file is found by its name", () => {
  expect(handlerFile(FILES, "app.handler")?.path).toBe("app.py");
  expect(handlerFile(FILES, "src/deep/index.handler")?.path).toBe("src/deep/index.mjs");
});

test("without it, the first text is shown, and nothing when there is none", () => {
  expect(handlerFile(FILES, "bootstrap")?.path).toBe("LICENSE");
  expect(handlerFile([{ path: "a", text: null }], "a.b")).toBeUndefined();
});

test("texts near the top come first", () => {
  const paths = inReadingOrder([...FILES].reverse()).map((file) => file.path);
  expect(paths).toEqual(["LICENSE", "app.py", "src/deep/index.mjs", "app.pyc"]);
});
