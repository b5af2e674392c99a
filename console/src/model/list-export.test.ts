import { expect, test } from "vitest";
import { awsSummariesCommand, csvOf, fluoroCommand } from "./list-export";
import { rowOf } from "./trace-row";
import { epochSeconds } from "./units";

const ENDPOINT = "http://127.0.0.1:4566";

test("a command asks what the page asks, whatever quotes the filter has", () => {
  const filter = `user = "o'hara"`;
  expect(fluoroCommand(filter, { since: "1h" }, ENDPOINT)).toBe(
    `fluoro traces --endpoint ${ENDPOINT} --since 1h --filter 'user = "o'\\''hara"'`,
  );
  expect(fluoroCommand("", {}, ENDPOINT)).toBe(`fluoro traces --endpoint ${ENDPOINT} --since 15m`);
  expect(fluoroCommand("", { from: 1, to: 2 }, ENDPOINT)).toBeUndefined();
  expect(awsSummariesCommand("", { from: epochSeconds(0), to: epochSeconds(7 * 86_400) }, ENDPOINT)).toBeUndefined();
  const window = { from: epochSeconds(1), to: epochSeconds(2) };
  expect(awsSummariesCommand("fault", window, ENDPOINT)).toContain(
    "--start-time 1 --end-time 2 --filter-expression fault",
  );
});

test("a table has a line a trace, and no formula", () => {
  const row = rowOf({
    Id: "1-1-1",
    StartTime: 0.5,
    ResponseTime: 0.25,
    Http: { HttpURL: 'http://a/?q="x",y', UserAgent: null },
    Users: [{ UserName: "=1+1" }],
  });
  expect(csvOf(row ? [row] : []).split("\r\n")).toEqual([
    "id,start,result,method,url,status,response_time_seconds,duration_seconds,partial,entry_point,users,annotations",
    `1-1-1,1970-01-01T00:00:00.500Z,ok,,"http://a/?q=""x"",y",,0.25,,false,,'=1+1,`,
    "",
  ]);
});
