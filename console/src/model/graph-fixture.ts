// Graphs for tests: as GetServiceGraph answers them, from few words.

import type { XRayEdge, XRayHistogramEntry, XRayService, XRayServiceStatistics } from "../api/aws";

/** Statistics of so many requests, each of so many seconds. */
export function statistics(ok: number, { error = 0, throttle = 0, fault = 0, each = 0.1 } = {}): XRayServiceStatistics {
  const total = ok + error + throttle + fault;
  return {
    OkCount: ok,
    ErrorStatistics: { OtherCount: error, ThrottleCount: throttle, TotalCount: error + throttle },
    FaultStatistics: { OtherCount: fault, TotalCount: fault },
    TotalCount: total,
    TotalResponseTime: total * each,
  };
}

export function histogram(...entries: readonly (readonly [value: number, count: number])[]): XRayHistogramEntry[] {
  return entries.map(([Value, Count]) => ({ Value, Count }));
}

export function service(id: number, name: string, type?: string, more: Partial<XRayService> = {}): XRayService {
  return {
    ReferenceId: id,
    Name: name,
    ...(type === undefined ? {} : { Type: type }),
    State: "active",
    Edges: [],
    SummaryStatistics: statistics(1),
    ResponseTimeHistogram: histogram([0.1, 1]),
    ...more,
  };
}

export function calls(to: number, more: Partial<XRayEdge> = {}): XRayEdge {
  return { ReferenceId: to, SummaryStatistics: statistics(1), ResponseTimeHistogram: histogram([0.1, 1]), ...more };
}

/** A request to a stage, its function and the function's table: what an example's map looks like. */
export function orders(): XRayService[] {
  const { SummaryStatistics: _none, ResponseTimeHistogram: _neither, ...client } = service(0, "orders/Prod", "client");
  return [
    { ...client, State: "unknown", Edges: [calls(1)] },
    service(1, "orders/Prod", "AWS::ApiGateway::Stage", { Root: true, Edges: [calls(2)] }),
    service(2, "intake", "AWS::Lambda", { Edges: [calls(3)] }),
    service(3, "intake", "AWS::Lambda::Function", { Edges: [calls(4)] }),
    service(4, "orders", "AWS::DynamoDB::Table", { State: "unknown" }),
  ];
}

/** So many nodes as a firm with many APIs has them: clients, stages, functions in two nodes, tables, queues, remotes. */
export function largeGraph(count: number): XRayService[] {
  const tiers = TIERS.map(({ type, share }) => ({ type, size: Math.round(count * share) }));
  const services: XRayService[] = [];
  for (const { type, size } of tiers) {
    for (let index = 0; index < size; index += 1) {
      const isClient = type === "client";
      // A client and its stage, and both nodes of a function, have one name.
      const name = `${isClient ? "api" : (NAMES[type] ?? type)}-${String(index).padStart(3, "0")}`;
      services.push(
        service(services.length, name, type, { SummaryStatistics: statistics(90 + index, failuresOf(index)) }),
      );
    }
  }
  let from = 0;
  for (const [tier, { type, size }] of tiers.entries()) {
    const callees = tiers[tier + 1];
    if (!callees) break;
    const isOwn = type === "client" || type === "AWS::Lambda";
    for (let index = 0; index < size; index += 1) {
      const own = isOwn ? [index] : [index * 3, index * 3 + 1, index * 7 + 2];
      const targets = new Set(own.map((target) => from + size + (target % callees.size)));
      const edges = [...targets].map((to) =>
        calls(to, { SummaryStatistics: statistics(40 + index, failuresOf(index)) }),
      );
      const caller = services[from + index];
      if (caller) caller.Edges = edges;
    }
    from += size;
  }
  return services;
}

const TIERS: readonly { readonly type: string; readonly share: number }[] = [
  { type: "client", share: 0.06 },
  { type: "AWS::ApiGateway::Stage", share: 0.06 },
  { type: "AWS::Lambda", share: 0.28 },
  { type: "AWS::Lambda::Function", share: 0.28 },
  { type: "AWS::DynamoDB::Table", share: 0.2 },
  { type: "remote", share: 0.12 },
];

const NAMES: Readonly<Record<string, string>> = {
  "AWS::ApiGateway::Stage": "api",
  "AWS::Lambda": "function",
  "AWS::Lambda::Function": "function",
  "AWS::DynamoDB::Table": "table",
  remote: "partner",
};

function failuresOf(index: number): { fault?: number; throttle?: number; error?: number } {
  if (index % 11 === 3) return { fault: 4 };
  return index % 13 === 5 ? { throttle: 2, error: 6 } : {};
}
