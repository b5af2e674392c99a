import { expect, test } from "vitest";
import { reachable } from "./places";

test("addresses that can be reached stay", () => {
  const told = { daemon: "127.0.0.1:2000", endpoint: "http://127.0.0.1:4566" };
  expect(reachable(told, "example.test")).toEqual(told);
});

test("all addresses of a machine are none to send to", () => {
  const told = { daemon: "0.0.0.0:2000", endpoint: "http://[::]:4566" };
  expect(reachable(told, "traces.test")).toEqual({ daemon: "traces.test:2000", endpoint: "http://traces.test:4566" });
});

test("OTLP has a URL where it is taken", () => {
  const told = { daemon: "0.0.0.0:2000", endpoint: "http://[::]:4566" };
  expect(reachable({ ...told, otlp_http: "0.0.0.0:4318" }, "traces.test").otlp).toBe("http://traces.test:4318");
  expect(reachable({ ...told, otlp_http: null }, "traces.test")).not.toHaveProperty("otlp");
});
