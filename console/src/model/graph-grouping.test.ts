import { expect, test } from "vitest";
import { graphOf } from "./graph";
import { calls, orders, service, statistics } from "./graph-fixture";
import { grouped } from "./graph-grouping";

test("without grouping a graph stays as it is", () => {
  const graph = graphOf(orders());
  expect(grouped(graph, "none")).toBe(graph);
});

test("Lambda's service and the function become one, which is what its callers see", () => {
  const services = orders().map((one) =>
    one.Type === "AWS::Lambda" ? { ...one, SummaryStatistics: statistics(7) } : one,
  );
  const graph = grouped(graphOf(services), "function");
  const one = graph.nodes.find((node) => node.name === "intake");
  expect(graph.nodes).toHaveLength(4);
  expect(one?.traffic.total).toBe(7);
  expect(one?.members.map((node) => node.type)).toEqual(["AWS::Lambda", "AWS::Lambda::Function"]);
  expect(graph.edges.map((edge) => [edge.from, edge.to])).toEqual([
    ["AWS::ApiGateway::Stage orders/Prod", one?.key],
    [one?.key, "AWS::DynamoDB::Table orders"],
    ["client orders/Prod", "AWS::ApiGateway::Stage orders/Prod"],
  ]);
});

test("a function of which only one node is there stays alone", () => {
  const graph = grouped(graphOf([service(0, "f", "AWS::Lambda")]), "function");
  expect(graph.nodes[0]?.members).toEqual([]);
});

test("by type, nodes of one type become one and their calls are added up", () => {
  const graph = grouped(
    graphOf([
      service(0, "a", "AWS::ECS::Container", { Edges: [calls(2), calls(3)] }),
      service(1, "b", "AWS::ECS::Container", { Edges: [calls(2), calls(0)] }),
      service(2, "t", "AWS::DynamoDB::Table"),
      service(3, "u", "AWS::DynamoDB::Table"),
      service(4, "q", "AWS::SQS::Queue"),
    ]),
    "type",
  );
  expect(graph.nodes.map((node) => [node.name, node.traffic.total])).toEqual([
    ["2 × DynamoDB table", 2],
    ["2 × ECS container", 2],
    ["q", 1],
  ]);
  // What containers say to each other shows as a call of the group to itself.
  expect(graph.edges.map((edge) => [edge.from === edge.to, edge.traffic.total])).toEqual([
    [false, 3],
    [true, 1],
  ]);
});
