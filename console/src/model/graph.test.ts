import { expect, test } from "vitest";
import { edgeKey, graphOf, mergeTraffic, nodeKey } from "./graph";
import { calls, histogram, orders, service, statistics } from "./graph-fixture";

test("nodes and edges keep their names whatever numbers an answer gives them", () => {
  const one = graphOf(orders());
  const renumbered = orders()
    .map((service) => ({
      ...service,
      ReferenceId: 10 - (service.ReferenceId ?? 0),
      Edges: (service.Edges ?? []).map((edge) => ({ ...edge, ReferenceId: 10 - (edge.ReferenceId ?? 0) })),
    }))
    .reverse();
  expect(graphOf(renumbered)).toEqual(one);
  expect(one.edges.map((edge) => edge.key)).toContain(
    edgeKey(nodeKey("intake", "AWS::Lambda::Function"), nodeKey("orders", "AWS::DynamoDB::Table")),
  );
});

test("nodes of one name and different types or accounts are different nodes", () => {
  const graph = graphOf([
    service(0, "shop"),
    service(1, "shop", "client"),
    service(2, "shop", "remote"),
    service(3, "shop", "remote", { AccountId: "111122223333" }),
  ]);
  expect(new Set(graph.nodes.map((node) => node.key)).size).toBe(4);
});

test("a client's traffic is that of its calls, for it has none of its own", () => {
  const { SummaryStatistics: _none, ResponseTimeHistogram: _neither, ...client } = service(0, "shop", "client");
  const edge = calls(1, { SummaryStatistics: statistics(3, { fault: 1 }), ResponseTimeHistogram: histogram([0.1, 4]) });
  const graph = graphOf([{ ...client, Edges: [edge] }, service(1, "shop")]);
  const traffic = graph.nodes.find((node) => node.type === "client")?.traffic;
  expect(traffic?.counts).toEqual({ ok: 3, error: 0, throttle: 0, fault: 1 });
  expect(traffic?.total).toBe(4);
});

test("what the service says to be null is absent", () => {
  const nothing = null as unknown as undefined;
  const graph = graphOf([
    {
      ReferenceId: 0,
      Name: "a",
      Type: nothing,
      AccountId: nothing,
      SummaryStatistics: nothing,
      Edges: nothing,
    } as never,
  ]);
  expect(graph.nodes[0]).toMatchObject({ key: "- a", type: undefined, account: undefined, isRoot: false });
});

test("a histogram ascends, and a call that nobody timed took 0 seconds, not -0", () => {
  const graph = graphOf([
    service(0, "a", undefined, { ResponseTimeHistogram: histogram([0.5, 1], [-0, 2], [0.2, 1]) }),
  ]);
  expect(graph.nodes[0]?.traffic.histogram.map(({ time }) => time)).toEqual([0, 0.2, 0.5]);
});

test("links stand beside calls between the same two nodes", () => {
  const edges = [calls(1), calls(1, { EdgeType: "link", ReceivedEventAgeHistogram: histogram([2, 1]) })];
  const graph = graphOf([service(0, "a", undefined, { Edges: edges }), service(1, "b")]);
  expect(graph.edges.map((edge) => edge.kind).sort()).toEqual(["call", "link"]);
  expect(graph.edges.find((edge) => edge.kind === "link")?.ages).toEqual([{ time: 2, count: 1 }]);
});

test("merged traffic is the sum of its parts", () => {
  const [a, b] = graphOf([
    service(0, "a", undefined, {
      SummaryStatistics: statistics(2, { error: 1, each: 1 }),
      ResponseTimeHistogram: histogram([1, 3]),
    }),
    service(1, "b", undefined, {
      SummaryStatistics: statistics(1, { throttle: 1, each: 1 }),
      ResponseTimeHistogram: histogram([1, 1], [3, 1]),
    }),
  ]).nodes;
  expect(mergeTraffic([a, b].flatMap((node) => (node ? [node.traffic] : [])))).toEqual({
    counts: { ok: 3, error: 1, throttle: 1, fault: 0 },
    total: 5,
    totalTime: 5,
    histogram: [
      { time: 1, count: 4 },
      { time: 3, count: 1 },
    ],
  });
});
