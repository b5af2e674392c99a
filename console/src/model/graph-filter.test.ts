import { expect, test } from "vitest";
import { type Graph, graphOf } from "./graph";
import { edgeFilter, LONGEST_FILTER, nodeFilter } from "./graph-filter";
import { calls, orders, service } from "./graph-fixture";
import { grouped } from "./graph-grouping";
import { seconds } from "./units";

function node(graph: Graph, name: string) {
  const found = graph.nodes.find((one) => one.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

test("a node is told by name and type, and its account where it is another's", () => {
  const graph = graphOf([
    service(0, 'a "b"', "remote"),
    service(1, "c", "AWS::S3::Bucket", { AccountId: "111122223333" }),
  ]);
  expect(nodeFilter(node(graph, 'a "b"'))).toBe('service(id(name: "a \\"b\\"", type: "remote"))');
  expect(nodeFilter(node(graph, "c"))).toBe(
    'service(id(name: "c", type: "AWS::S3::Bucket", account.id: "111122223333"))',
  );
});

test("a node without a type is not the client of its name", () => {
  expect(nodeFilter(node(graphOf([service(0, "shop")]), "shop"))).toBe('service(id(name: "shop")) { !type }');
});

test("outcomes are those that statistics count, each request once", () => {
  const shop = node(graphOf([service(0, "shop", "remote")]), "shop");
  const of = (...outcomes: ("ok" | "error" | "throttle" | "fault")[]) => nodeFilter(shop, { outcomes }).split("{")[1];
  expect(of("ok")).toBe(" ok }");
  expect(of("fault")).toBe(" (fault AND !throttle) }");
  expect(of("error", "throttle")).toBe(" ((error AND !fault) OR throttle) }");
});

test("a range of response times includes what was rounded into it", () => {
  const shop = node(graphOf([service(0, "shop", "remote")]), "shop");
  const filter = nodeFilter(shop, { responseTime: { from: seconds(0.016), to: seconds(0.25) } });
  expect(filter).toBe(
    'service(id(name: "shop", type: "remote")) { responsetime >= 0.0155 AND responsetime <= 0.2505 }',
  );
  expect(nodeFilter(shop, { responseTime: { to: seconds(1) } })).toMatch(/\{ responsetime <= 1.0005 \}$/);
});

test("an edge is told by both its ends", () => {
  const graph = graphOf(orders());
  const edge = graph.edges.find((one) => one.to.includes("DynamoDB"));
  expect(edge && edgeFilter(edge, graph, { outcomes: ["fault"] })).toBe(
    'edge(id(name: "intake", type: "AWS::Lambda::Function"), id(name: "orders", type: "AWS::DynamoDB::Table"))' +
      " { (fault AND !throttle) }",
  );
});

test("a function in one node is asked for as its callers see it, and its calls as they are", () => {
  const graph = grouped(graphOf(orders()), "function");
  expect(nodeFilter(node(graph, "intake"))).toBe('service(id(name: "intake", type: "AWS::Lambda"))');
  const edge = graph.edges.find((one) => one.to.includes("DynamoDB"));
  expect(edge && edgeFilter(edge, graph)).toContain('edge(id(name: "intake", type: "AWS::Lambda::Function"), ');
});

test("a group is all its members, and its type where they are too many to name", () => {
  const tables = (count: number) =>
    grouped(
      graphOf([
        service(0, "shop", "remote", { Edges: Array.from({ length: count }, (_, index) => calls(index + 1)) }),
        ...Array.from({ length: count }, (_, index) => service(index + 1, `table ${index}`, "AWS::DynamoDB::Table")),
      ]),
      "type",
    );
  const [few, many] = [tables(2), tables(300)];
  expect(nodeFilter(node(few, "2 × DynamoDB table")).split(" OR ")).toHaveLength(2);
  expect(nodeFilter(node(many, "300 × DynamoDB table"))).toBe('service(id(type: "AWS::DynamoDB::Table"))');
  const [edge] = many.edges;
  expect(edge && edgeFilter(edge, many)).toBe('edge(id(type: "remote"), id(type: "AWS::DynamoDB::Table"))');
  expect(edge && edgeFilter(edge, many)?.length).toBeLessThan(LONGEST_FILTER);
});
