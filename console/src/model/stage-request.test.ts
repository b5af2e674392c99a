import { expect, test } from "vitest";
import {
  asCurl,
  EMPTY_DRAFT,
  linkedDraft,
  missingParameters,
  parametersOf,
  pathAndQuery,
  readDraft,
  readHeaders,
  stageUrl,
} from "./stage-request";

test("a stage is reached by path, on the server that served the console", () => {
  expect(stageUrl("http://127.0.0.1:4566", "abc123", "Prod")).toBe(
    "http://127.0.0.1:4566/_aws/execute-api/abc123/Prod",
  );
});

test("a path's parameters are found, the greedy one as such", () => {
  expect(parametersOf("/a/{id}/b/{proxy+}")).toEqual([
    { name: "id", greedy: false },
    { name: "proxy", greedy: true },
  ]);
  expect(parametersOf("/")).toEqual([]);
});

test("parameters are encoded, a greedy one part by part", () => {
  const draft = { ...EMPTY_DRAFT, parameters: { id: "a/b c", proxy: "/x/y z" } };
  expect(pathAndQuery("/o/{id}/{proxy+}", draft)).toBe("/o/a%2Fb%20c/x/y%20z");
});

test("the query goes on as it was written", () => {
  expect(pathAndQuery("/a", { ...EMPTY_DRAFT, query: " ?q=a%20b&q=c " })).toBe("/a?q=a%20b&q=c");
  expect(pathAndQuery("/a", EMPTY_DRAFT)).toBe("/a");
});

test("parameters without a value are missing", () => {
  expect(missingParameters("/o/{id}/{part}", { ...EMPTY_DRAFT, parameters: { id: "1" } })).toEqual(["part"]);
});

test("headers are read line by line", () => {
  const { headers, problem } = readHeaders("Accept: text/plain\n\n X-A :b: c \nX-Empty:");
  expect(problem).toBeUndefined();
  expect(headers).toEqual([
    ["Accept", "text/plain"],
    ["X-A", "b: c"],
    ["X-Empty", ""],
  ]);
});

test.each(["nonsense", "a b: c", "Host: elsewhere", "Sec-Fetch-Site: none", "Cookie: a=b", "X-A: …"])(
  "%s cannot be sent",
  (line) => {
    expect(readHeaders(line).problem).toBeTruthy();
  },
);

test("a request is told to a terminal", () => {
  expect(asCurl("GET", "http://h/a", [], "ignored")).toBe("curl -i http://h/a");
  expect(asCurl("POST", "http://h/a?b=1", [["X-A", "b c"]], "it's")).toBe(
    `curl -i -X POST 'http://h/a?b=1' -H 'X-A: b c' --data-raw 'it'\\''s'`,
  );
});

test("a link keeps a draft without its headers, and without a body that is long", () => {
  const draft = { parameters: { id: "7", other: "" }, query: "a=1", headers: "Authorization: secret", body: "{}" };
  expect(linkedDraft(draft)).toEqual({ parameters: { id: "7" }, query: "a=1", body: "{}" });
  expect(linkedDraft({ ...EMPTY_DRAFT, headers: "A: b", body: "x".repeat(3_000) })).toBeUndefined();
});

test("a link's draft is read, and nonsense is not", () => {
  expect(readDraft({ parameters: { id: 7 }, query: "a=1", body: 3 })).toEqual({
    parameters: { id: "7" },
    query: "a=1",
  });
  expect(readDraft("nonsense")).toBeUndefined();
  expect(readDraft({ parameters: "nonsense" })).toBeUndefined();
});
