import { describe, expect, test } from "vitest";
import { pickerValueOf, timeOf } from "./date-range";
import { facetsOf } from "./facets";
import { outcomeOf } from "./outcome";
import { mergedRows, rowOf, type TraceRow, type WireSummary } from "./trace-row";

function row(summary: WireSummary): TraceRow {
  const found = rowOf({ Id: "1-1-1", StartTime: 100, ...summary });
  if (!found) throw new Error("a summary with an id and a start is a row");
  return found;
}

describe("a summary", () => {
  test("as the server writes it, with nulls, is a row without them", () => {
    const found = row({
      Duration: null,
      HasFault: true,
      HasThrottle: null,
      Http: { HttpURL: null, HttpStatus: 502, HttpMethod: "GET", UserAgent: null, ClientIp: null },
      ServiceIds: [
        { Name: "shop", Type: null, Names: ["shop"], AccountId: null },
        { Name: "shop", Type: "client", Names: ["shop"], AccountId: null },
      ],
      Annotations: { beta: [{ AnnotationValue: { StringValue: null, NumberValue: null, BooleanValue: false } }] },
      EntryPoint: null,
    });
    expect(found).toMatchObject({ outcome: "fault", status: 502, services: [{ name: "shop" }] });
    expect(found.annotations).toEqual([{ key: "beta", value: false }]);
    expect([found.duration, found.url, found.entryPoint]).toEqual([undefined, undefined, undefined]);
  });

  test("tells the end of a root cause", () => {
    const { causes } = row({
      FaultRootCauses: [
        {
          Services: [
            {
              Name: "shop",
              EntityPath: [
                { Name: "shop", Exceptions: [] },
                { Name: "pay", Exceptions: [{ Name: "Refused", Message: "no" }, { Name: "Timeout" }] },
              ],
            },
            { Name: "pay.test", Inferred: true, EntityPath: [{ Name: "pay.test", Exceptions: [] }] },
          ],
        },
      ],
    });
    expect(causes).toEqual([{ kind: "fault", service: "pay.test", exception: { name: "Refused", message: "no" } }]);
  });

  test("without an id or a start is none", () => {
    expect(rowOf({ Id: "1-1-1", StartTime: null })).toBeUndefined();
  });
});

test("of several flags the outcome is that which statistics count", () => {
  expect(outcomeOf({ HasFault: true, HasThrottle: true })).toBe("throttle");
  expect(outcomeOf({ HasFault: true, HasError: true })).toBe("fault");
  expect(outcomeOf({ HasError: true, HasThrottle: true })).toBe("throttle");
  expect(outcomeOf({ HasError: false })).toBe("ok");
});

test("of a trace told twice the highest revision stays", () => {
  const early = row({ Revision: 1 });
  const late = row({ Revision: 2, HasFault: true });
  expect(mergedRows([early], [late])).toEqual([late]);
  expect(mergedRows([late], [early])).toEqual([late]);
  expect(mergedRows([early], [row({ Id: "1-1-2" })])).toHaveLength(2);
});

describe("facets", () => {
  const rows = [
    row({
      Id: "a",
      Http: { HttpStatus: 200 },
      Users: [{ UserName: "ada" }],
      Annotations: { tier: [{ AnnotationValue: { NumberValue: 2 } }] },
    }),
    row({ Id: "b", Http: { HttpStatus: 500 }, HasFault: true, FaultRootCauses: [{ Services: [{ Name: "pay" }] }] }),
    row({
      Id: "c",
      Http: { HttpStatus: 200 },
      ServiceIds: [
        { Name: "fn", Type: "AWS::Lambda" },
        { Name: "fn", Type: "AWS::Lambda::Function" },
      ],
    }),
  ];
  const facets = new Map(facetsOf(rows).map((facet) => [facet.id, facet.values]));

  test("count traces, the most frequent first", () => {
    expect(facets.get("status")?.map(({ label, counts }) => [label, counts.ok, counts.fault])).toEqual([
      ["200", 2, 0],
      ["500", 0, 1],
    ]);
    expect(facets.get("service")?.map(({ counts }) => counts.ok)).toEqual([1]);
  });

  test("have a clause for each value, and for having none", () => {
    expect(facets.get("user")?.map(({ clause }) => clause)).toEqual(["!user", 'user = "ada"']);
    expect(facets.get("cause")?.[0]?.clause).toBe('rootcause.fault.service { name = "pay" AND last }');
    expect(facets.get("annotation tier")?.[0]?.clause).toBe("annotation.tier = 2");
    expect(facets.get("outcome")?.map(({ clause }) => clause)).toEqual(["fault", "ok"]);
  });

  test("without any value are left out", () => {
    expect(facets.has("url")).toBe(false);
  });
});

test("a page's time survives the date range picker", () => {
  for (const time of [{ since: "15m" }, { since: "90s" }, { since: "7d" }, { from: 1_000, to: 2_000 }]) {
    expect(timeOf(pickerValueOf(time))).toEqual(time);
  }
  expect(
    timeOf({ type: "absolute", startDate: "2026-01-02T00:00:00Z", endDate: "2026-01-01T00:00:00Z" }),
  ).toBeUndefined();
  expect(timeOf({ type: "relative", amount: 2, unit: "week" })).toEqual({ since: "14d" });
});
