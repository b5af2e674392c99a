import { describe, expect, test } from "vitest";
import { rowOf, type TraceRow, type WireSummary } from "../../model/trace-row";
import { sorted, sortOf } from "./columns";
import { readPreferences } from "./preferences";
import { readTraces } from "./search";

test("of a URL's search only what means something stays", () => {
  expect(
    readTraces({
      filter: "fault",
      group: "slow",
      since: "1h",
      live: true,
      sort: "-duration",
      page: 2,
      scale: "linear",
    }),
  ).toEqual({
    filter: "fault",
    group: "slow",
    since: "1h",
    live: true,
    sort: "-duration",
    page: 2,
    scale: "linear",
  });
  expect(
    readTraces({ filter: "  ", group: 7, since: "never", live: "yes", sort: "a b", page: 1, scale: "log" }),
  ).toEqual({});
});

describe("sorting", () => {
  const row = (id: string, summary: WireSummary): TraceRow => {
    const found = rowOf({ Id: id, StartTime: 1, ...summary });
    if (!found) throw new Error("it has an id and a start");
    return found;
  };
  const rows = [
    row("a", { StartTime: 1, ResponseTime: 2, Http: { HttpStatus: 500 }, HasFault: true }),
    row("b", { StartTime: 2, ResponseTime: 1, Http: {} }),
    row("c", { StartTime: 3, Http: { HttpStatus: 200 } }),
    row("d", { StartTime: 4, ResponseTime: 1, Http: { HttpStatus: 200 } }),
  ];
  const ids = (sort: string | undefined) => sorted(rows, sort).map(({ id }) => id);

  test("is newest first unless said, or where no column has the name", () => {
    expect(ids(undefined)).toEqual(["d", "c", "b", "a"]);
    expect(ids("-nothing")).toEqual(["d", "c", "b", "a"]);
    expect(ids("start")).toEqual(["a", "b", "c", "d"]);
  });

  test("puts what is still open last, and equal ones newest first", () => {
    expect(ids("responsetime")).toEqual(["d", "b", "a", "c"]);
    expect(ids("-status")).toEqual(["a", "d", "c", "b"]);
    expect(ids("-result")[0]).toBe("a");
  });

  test("names its column", () => {
    expect(sortOf("-url")).toMatchObject({ column: { id: "url" }, isDescending: true });
  });
});

describe("preferences", () => {
  test("that are kept are read, as far as there still are such columns", () => {
    const kept = {
      columns: [
        { id: "url", visible: false },
        { id: "gone", visible: true },
      ],
      widths: { url: 300, x: -1 },
      pageSize: 20,
    };
    const { columns, widths, pageSize, isCompact } = readPreferences(JSON.stringify(kept));
    expect(columns[0]).toEqual({ id: "url", visible: false });
    expect(columns.filter(({ id }) => id === "url" || id === "gone")).toHaveLength(1);
    expect(columns.some(({ id }) => id === "trace")).toBe(true);
    expect([widths, pageSize, isCompact]).toEqual([{ url: 300 }, 20, true]);
  });

  test("that are none of ours are forgotten", () => {
    for (const kept of [null, "{", "7", '{"columns":[7,{"id":1}],"pageSize":7,"widths":"x"}']) {
      expect(readPreferences(kept)).toEqual(readPreferences(null));
    }
  });
});
