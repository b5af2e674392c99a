import { describe, expect, test } from "vitest";
import { bothOf, boundsOf, clausesOf, negated, standingOf, withBounds, withClause, withoutClause } from "./clauses";

function texts(expression: string): readonly string[] | undefined {
  return clausesOf(expression)?.map(({ text }) => text);
}

describe("the clauses of an expression", () => {
  test("are what AND joins, written or implied", () => {
    expect(texts("fault AND http.status >= 500")).toEqual(["fault", "http.status >= 500"]);
    expect(texts("duration >= 1 duration <= 2")).toEqual(["duration >= 1", "duration <= 2"]);
    expect(texts('user CONTAINS "a" !partial (ok OR error)')).toEqual([
      'user CONTAINS "a"',
      "!partial",
      "(ok OR error)",
    ]);
    expect(texts("ok = true partial = false")).toEqual(["ok = true", "partial = false"]);
  });

  test("hold their parentheses, braces and keys together", () => {
    const service = 'service("a b") { fault AND responsetime > 2 }';
    expect(texts(`${service} annotation[a.b] = 1`)).toEqual([service, "annotation[a.b] = 1"]);
    expect(texts('service { fault } edge("a", "b")')).toEqual(["service { fault }", 'edge("a", "b")']);
    expect(texts('rootcause.json = #[{"Services":[{"Name":"a ] AND b"}]}] AND ok')).toHaveLength(2);
  });

  test("are one where OR joins at the top", () => {
    expect(texts('fault OR error AND user = "bob"')).toEqual(['fault OR error AND user = "bob"']);
  });

  test("are unknown while something is open, and none where there is nothing", () => {
    expect(texts('user = "bo')).toBeUndefined();
    expect(texts("(fault AND ok")).toBeUndefined();
    expect(texts("fault) AND (ok")).toBeUndefined();
    expect(texts("fault § ok")).toBeUndefined();
    expect(texts("fault AND")).toBeUndefined();
    expect(texts("  ")).toEqual([]);
  });
});

describe("a clause", () => {
  test("is found however it is spaced, cased and quoted", () => {
    expect(standingOf('http.method="GET" AND ok', 'HTTP.Method = "GET"')).toBe("in");
    expect(standingOf('user = "\\u0061da"', 'user = "ada"')).toBe("in");
    expect(standingOf("http.status = 200.0", "http.status = 200")).toBe("in");
    expect(standingOf('annotation["tenant"] = "a"', 'annotation.tenant = "a"')).toBe("in");
    expect(standingOf("annotation.Tenant", "annotation.tenant")).toBe("absent");
  });

  test("is out where it is negated", () => {
    expect(standingOf("!(http.status = 200) AND ok", "http.status = 200")).toBe("out");
    expect(standingOf("!fault", "fault")).toBe("out");
    expect(standingOf("!!fault", "fault")).toBe("in");
  });

  test("is added once, in place of its opposite, and never within an OR", () => {
    expect(withClause("", "fault")).toBe("fault");
    expect(withClause("ok", 'user = "ada"')).toBe('ok AND user = "ada"');
    expect(withClause("fault AND ok", "fault")).toBe("fault AND ok");
    expect(withClause("!fault AND ok", "fault")).toBe("ok AND fault");
    expect(withClause("fault OR error", 'user = "ada"')).toBe('(fault OR error) AND user = "ada"');
  });

  test("is taken away, with its opposite too", () => {
    expect(withoutClause('fault AND user = "ada"', "fault")).toBe('user = "ada"');
    expect(withoutClause('!(user = "ada")', 'user = "ada"')).toBe("");
    expect(withoutClause("fault  ok", "error")).toBe("fault  ok");
  });

  test("is negated so that it can be read", () => {
    expect(negated("fault")).toBe("!fault");
    expect(negated('service("a") { fault = true }')).toBe('!service("a") { fault = true }');
    expect(negated("http.status = 500")).toBe("!(http.status = 500)");
    expect(negated('user CONTAINS "a"')).toBe('!(user CONTAINS "a")');
    expect(negated("!(http.status = 500)")).toBe("http.status = 500");
    expect(negated("!user")).toBe("user");
  });
});

test("both of two expressions keep their ORs to themselves", () => {
  expect(bothOf("fault OR error", "ok")).toBe("(fault OR error) AND ok");
  expect(bothOf("", "a OR b")).toBe("(a OR b)");
  expect(bothOf("fault", "")).toBe("fault");
});

describe("the bounds of a number", () => {
  test("are read from the clauses about it", () => {
    expect(boundsOf("fault AND responsetime >= 0.1 responsetime < 2", "responsetime")).toEqual({ from: 0.1, to: 2 });
    expect(boundsOf("responsetime = 3 OR duration > 1", "responsetime")).toEqual({});
  });

  test("stand instead of those that there were", () => {
    const filter = "responsetime > 1 AND fault AND responseTime <= 5";
    expect(withBounds(filter, "responsetime", { from: 2, to: 3 })).toBe(
      "fault AND responsetime >= 2 AND responsetime < 3",
    );
    expect(withBounds(filter, "responsetime", {})).toBe("fault");
    expect(withBounds("ok OR error", "responsetime", { to: 1 })).toBe("(ok OR error) AND responsetime < 1");
  });
});
