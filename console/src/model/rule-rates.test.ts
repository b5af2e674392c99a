import { expect, test } from "vitest";
import { ratesNow, remembered, type Snapshot, trendOf } from "./rule-rates";
import { epochSeconds } from "./units";

function look(at: number, requests: number, sampled: number, borrowed = 0): Snapshot {
  return { at: epochSeconds(at), counts: { shop: { requests, sampled, borrowed } } };
}

test("one look is no rate", () => {
  expect(ratesNow([look(0, 10, 1)], "shop")).toBeUndefined();
  expect(ratesNow([look(0, 10, 1), look(2, 10, 1)], "other")).toBeUndefined();
});

test("a rate is what changed over the last ten seconds", () => {
  const history = [look(0, 0, 0), look(20, 1000, 1000), look(25, 1050, 1005, 5), look(30, 1100, 1010, 10)];
  expect(ratesNow(history, "shop")).toEqual({ requests: 10, sampled: 1, borrowed: 1, share: 0.1 });
});

test("of no requests there is no share", () => {
  expect(ratesNow([look(0, 7, 7), look(2, 7, 7)], "shop")).toEqual({
    requests: 0,
    sampled: 0,
    borrowed: 0,
    share: undefined,
  });
});

test("counters that begin anew do not go backwards", () => {
  const columns = trendOf([look(0, 100, 50), look(2, 4, 2)], "shop");
  expect(columns).toEqual([{ from: 0, requests: 2, sampled: 1 }]);
});

test("looks are forgotten after two minutes, and one at the same time takes the place of another", () => {
  const history = [look(0, 1, 1), look(100, 2, 2)];
  expect(remembered(history, look(121, 3, 3)).map(({ at }) => at)).toEqual([100, 121]);
  expect(remembered(history, look(100, 9, 9))).toEqual([look(0, 1, 1), look(100, 9, 9)]);
});
