import { expect, test } from "vitest";
import type { XRayFaultRootCause, XRayTraceSummary } from "../api/aws";
import { countsOverTime, failureGroups, fitting, messagePattern, titleOf } from "./errors";
import { groupFilter } from "./errors-filter";
import { epochSeconds } from "./units";

let ids = 0;

function summary(more: Partial<XRayTraceSummary>, at = 1_000): XRayTraceSummary {
  ids += 1;
  return {
    Id: `1-00000000-${String(ids).padStart(24, "0")}`,
    StartTime: at,
    EntryPoint: { Name: "orders/Prod", Type: "AWS::ApiGateway::Stage" },
    FaultRootCauses: [],
    ErrorRootCauses: [],
    ...more,
  };
}

/** A path from the stage to a function that threw. */
function thrown(message: string, { impacting = true, name = "UnreadableOrder" } = {}): XRayFaultRootCause {
  const services = [
    { Name: "orders/Prod", Type: "AWS::ApiGateway::Stage", EntityPath: [{ Name: "orders/Prod", Exceptions: [] }] },
    {
      Name: "lookup",
      Type: "AWS::Lambda::Function",
      EntityPath: [{ Name: "lookup", Exceptions: [{ Name: name, Message: message }] }],
    },
  ];
  return { ClientImpacting: impacting, Services: impacting ? services : services.slice(1) };
}

function broken(message = "order broken cannot be read", at?: number): XRayTraceSummary {
  return summary({ HasFault: true, Http: { HttpStatus: 502 }, FaultRootCauses: [thrown(message)] }, at);
}

test("traces that failed by the same exception on the same path are one group", () => {
  const groups = failureGroups([broken(undefined, 10), broken(undefined, 30), broken(undefined, 20)], false);
  expect(groups).toHaveLength(1);
  const [group] = groups;
  expect(group).toMatchObject({ kind: "fault", isHandled: false, firstSeen: 10, lastSeen: 30 });
  expect(group && titleOf(group)).toBe("UnreadableOrder");
  expect(group?.exception?.message).toBe("order broken cannot be read");
  expect(group?.traces.map((trace) => trace.at)).toEqual([30, 20, 10]);
  expect(group?.path.map((service) => service.name)).toEqual(["orders/Prod", "lookup"]);
});

test("messages that differ by an id or a number are of one kind", () => {
  expect(messagePattern("order 17 of 3f2504e0-4f89-11d3-9a0c-0305e82c3301 took 1,200.5 ms")).toBe(
    "order * of * took * ms",
  );
  expect(messagePattern("no such key deadbeef42 in facade")).toBe("no such key * in facade");
  const [group, another] = failureGroups(
    [broken("order 1 is gone"), broken("order 2 is gone"), broken("order 2 is gone")],
    false,
  );
  expect(another).toBeUndefined();
  expect(group?.exception?.message).toBe("order * is gone");
  expect(group?.messages).toEqual([
    { text: "order 2 is gone", count: 2 },
    { text: "order 1 is gone", count: 1 },
  ]);
});

test("another exception, another message and another path are other groups, the most frequent first", () => {
  const groups = failureGroups(
    [
      broken("a"),
      broken("b"),
      broken("b"),
      summary({ HasFault: true, FaultRootCauses: [thrown("a", { name: "Other" })] }),
      summary({
        HasFault: true,
        FaultRootCauses: [{ ...thrown("a"), Services: thrown("a").Services?.slice(1) ?? [] }],
      }),
    ],
    false,
  );
  expect(groups).toHaveLength(4);
  expect(groups[0]?.traces).toHaveLength(2);
  expect(new Set(groups.map((group) => group.id)).size).toBe(4);
});

test("a failure without an exception is told by its status and its entry", () => {
  const [group] = failureGroups([summary({ HasThrottle: true, Http: { HttpStatus: 429 } })], false);
  expect(group).toMatchObject({ kind: "throttle", status: 429, exception: undefined });
  expect(group && titleOf(group)).toBe("HTTP 429");
  expect(group?.path.map((service) => service.name)).toEqual(["orders/Prod"]);
});

test("a call that failed without an exception is told by who was called", () => {
  const path = {
    ClientImpacting: true,
    Services: [
      { Name: "shop", EntityPath: [{ Name: "shop" }, { Name: "pay.test", Remote: true }] },
      { Name: "pay.test", Type: "remote", Inferred: true, EntityPath: [{ Name: "pay.test" }] },
    ],
  };
  const [group] = failureGroups([summary({ HasFault: true, FaultRootCauses: [path] })], false);
  expect(group && titleOf(group)).toBe("Call to pay.test failed");
});

test("a root that was throttled and faulty counts once, as statistics count it", () => {
  const groups = failureGroups(
    [summary({ HasThrottle: true, HasFault: true, FaultRootCauses: [thrown("too many")] })],
    false,
  );
  expect(groups.map(({ kind, traces }) => [kind, traces.length])).toEqual([["throttle", 1]]);
  expect(groups[0]?.exception?.message).toBe("too many");
});

test("where no cause reaches to the client, what failed below is told", () => {
  const [group, another] = failureGroups(
    [summary({ HasFault: true, Http: { HttpStatus: 502 }, FaultRootCauses: [thrown("below", { impacting: false })] })],
    true,
  );
  expect(another).toBeUndefined();
  expect(group).toMatchObject({ kind: "fault", isHandled: false, exception: { message: "below" } });
  expect(group && groupFilter(group)).toContain('"ClientImpacting":false');
});

test("what a caller got over counts when that is asked for, and is marked", () => {
  const absorbed = summary({ FaultRootCauses: [thrown("absorbed", { impacting: false })] });
  expect(failureGroups([absorbed], false)).toEqual([]);
  expect(failureGroups([absorbed], true)).toMatchObject([{ kind: "fault", isHandled: true }]);
  const both = summary({ HasFault: true, FaultRootCauses: [thrown("seen"), thrown("absorbed", { impacting: false })] });
  expect(failureGroups([both], true)).toHaveLength(2);
});

test("all that reached the client is told, each path once", () => {
  const root = { HasFault: true, HasError: true };
  const seen = [thrown("one", { name: "One" }), thrown("two", { name: "Two" })];
  const both = summary({ ...root, FaultRootCauses: seen, ErrorRootCauses: [thrown("one", { name: "One" })] });
  expect(failureGroups([both], false).map((group) => [titleOf(group), group.kind, group.isHandled])).toEqual([
    ["One", "fault", false],
    ["Two", "fault", false],
  ]);
});

test("groups are found by their kind and by words of what is told of them", () => {
  const groups = failureGroups([broken(), summary({ HasThrottle: true, Http: { HttpStatus: 429 } })], false);
  const titles = (...given: [readonly ("fault" | "error" | "throttle")[] | undefined, string?]) =>
    fitting(groups, ...given).map(titleOf);
  expect(titles(undefined)).toEqual(["UnreadableOrder", "HTTP 429"]);
  expect(titles(["throttle"])).toEqual(["HTTP 429"]);
  expect(titles(undefined, "LOOKUP broken")).toEqual(["UnreadableOrder"]);
  expect(titles(["throttle"], "lookup")).toEqual([]);
});

test("counts over time fall into equal parts, the ends into the first and the last", () => {
  const [group] = failureGroups(
    [broken("a", 0), broken("a", 4), broken("a", 5), broken("a", 10), broken("a", 99)],
    false,
  );
  const window = { from: epochSeconds(0), to: epochSeconds(10) };
  expect(countsOverTime(group?.traces ?? [], window, 2)).toEqual([2, 3]);
});

test("a group's filter asks for its path, its length and its message", () => {
  const [group] = failureGroups([broken('order "x" is gone')], false);
  expect(group && groupFilter(group)).toBe(
    "fault AND !throttle AND " +
      'rootcause.json = #[{"ClientImpacting":true,"Services":[' +
      '{"Name":"orders/Prod","Type":"AWS::ApiGateway::Stage","EntityPath":[{"Name":"orders/Prod"}]},' +
      '{"Name":"lookup","Type":"AWS::Lambda::Function","EntityPath":[{"Name":"lookup"}]}]}] AND ' +
      "rootcause.fault.service { last AND index = 1 } AND " +
      'rootcause.fault.exception { name = "UnreadableOrder" AND message = "order \\"x\\" is gone" }',
  );
});

test("of several messages the filter asks for what they have in common", () => {
  const [group] = failureGroups([broken("order 1 is gone"), broken("order 2 is gone")], false);
  expect(group && groupFilter(group)).toContain('message BEGINSWITH "order " AND message ENDSWITH " is gone"');
});

test("without an exception the filter asks for the status, the entry and no root cause", () => {
  const [group] = failureGroups([summary({ HasError: true, Http: { HttpStatus: 404 } })], false);
  expect(group && groupFilter(group)).toBe(
    "error AND !fault AND !rootcause.fault.service AND !rootcause.error.service AND " +
      'service(id(name: "orders/Prod", type: "AWS::ApiGateway::Stage")) { root } AND http.status = 404',
  );
});

test("a filter never gets longer than the server takes", () => {
  const long = (length: number) => ({
    ClientImpacting: true,
    Services: Array.from({ length: 20 }, (_, index) => ({
      Name: `service ${index}`,
      EntityPath: Array.from({ length: 10 }, () => ({
        Name: "x".repeat(length),
        Exceptions: index === 19 ? [{ Name: "E", Message: "m" }] : [],
      })),
    })),
  });
  for (const length of [1, 100, 200]) {
    const [group] = failureGroups([summary({ HasFault: true, FaultRootCauses: [long(length)] })], false);
    const filter = group && groupFilter(group);
    expect(filter?.length).toBeLessThanOrEqual(4_096);
    expect(filter).toContain('name = "E"');
  }
});
