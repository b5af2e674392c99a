// The Errors page, with the examples' failures in it and some sent for the purpose.

import { getTraceSummaries } from "../src/api/aws";
import { expect, test } from "./fixtures";
import { randomId, segment, send } from "./segments";

function thrown(type: string, message: string) {
  return { exceptions: [{ id: randomId(), type, message }] };
}

function hour() {
  const to = Math.floor(Date.now() / 1000);
  return `from=${to - 7_200}&to=${to}`;
}

test("the examples' exception, throttle and error are told apart", async ({ page, open }) => {
  await open(`errors?${hour()}&find=orders`);
  const table = page.getByRole("table", { name: "Failures" });
  const exception = table.getByRole("row").filter({ hasText: "UnreadableOrder" });
  await expect(exception).toContainText("order broken cannot be read");
  await expect(exception).toContainText(/orders-Lookup-\w+/);
  await expect(table.getByRole("row").filter({ hasText: "HTTP 429" })).toContainText("orders/Prod");
  await expect(table.getByRole("row").filter({ hasText: "HTTP 404" })).toContainText("orders/Prod");
});

test("a failure has its stack, its path and its traces", async ({ page, open }) => {
  await open(`errors?${hour()}`);
  await page.getByRole("button", { name: "UnreadableOrder" }).first().click();
  const panel = page.getByRole("complementary", { name: "Selected failure" });
  await expect(panel.getByRole("heading", { name: "UnreadableOrder" })).toBeVisible();
  await expect(panel.getByRole("list", { name: "Stack" })).toContainText("exports.handler");
  await expect(panel.getByRole("figure", { name: /over time/ })).toBeVisible();
  await page.reload();
  await expect(panel.getByRole("heading", { name: "UnreadableOrder" })).toBeVisible();
  await panel.getByRole("list", { name: "Latest traces" }).getByRole("link").first().click();
  await expect(page).toHaveURL(/\/traces\/1-/);
});

test("a panel that is closed gives the keyboard back to what opened it", async ({ page, open }) => {
  await open(`errors?${hour()}`);
  const failure = page.getByRole("button", { name: "UnreadableOrder" }).first();
  await failure.click();
  const panel = page.getByRole("complementary", { name: "Selected failure" });
  await panel.getByRole("button", { name: "Close" }).click();
  await expect(panel).toHaveCount(0);
  await expect(failure).toBeFocused();
  await failure.click();
  await page.reload();
  await panel.getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
});

test("the traces of a failure are exactly those that its filter finds", async ({ page, open, api }) => {
  await open(`errors?${hour()}&find=orders`);
  const table = page.getByRole("table", { name: "Failures" });
  const panel = page.getByRole("complementary", { name: "Selected failure" });
  for (const [title, status] of [
    ["UnreadableOrder", 502],
    ["HTTP 429", 429],
    ["HTTP 404", 404],
  ] as const) {
    const row = table.getByRole("row").filter({ hasText: title });
    const traces = await row.getByRole("cell", { name: /^\d+ \(/ }).textContent();
    const counted = Number.parseInt(traces ?? "", 10);
    await row.getByRole("button", { name: title }).click();
    await expect(panel.getByRole("heading", { name: title })).toBeVisible();
    const link = await panel.getByRole("link", { name: "Show in Traces" }).getAttribute("href");
    const search = new URL(link ?? "", "http://console").searchParams;
    const { TraceSummaries = [] } = await api.call(getTraceSummaries, {
      StartTime: Number(search.get("from")),
      EndTime: Number(search.get("to")),
      FilterExpression: search.get("filter") ?? "",
    });
    expect(TraceSummaries).toHaveLength(counted);
    expect(new Set(TraceSummaries.map(({ Http }) => Http?.HttpStatus))).toEqual(new Set([status]));
  }
  await panel.getByRole("link", { name: "Show in Traces" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Traces" })).toBeVisible();
  await expect(page.getByRole("table").getByText("404").first()).toBeVisible();
});

test("messages that differ by an id are one failure, found by one filter", async ({ page, open, api }) => {
  const name = `stock-${randomId(4)}`;
  const failed = [17, 18, 19].map((item) =>
    segment(name, { fault: true, cause: thrown("OutOfStock", `item ${item} is out of stock in ${name}`) }),
  );
  await send(api.ask, failed);
  await open(`errors?find=${name}`);
  const row = page.getByRole("table", { name: "Failures" }).getByRole("row").filter({ hasText: "OutOfStock" });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText(/item \* is out of stock/);
  await expect(row).toContainText("3 (");
  await row.getByRole("button", { name: "OutOfStock" }).click();
  const panel = page.getByRole("complementary", { name: "Selected failure" });
  await panel.getByRole("button", { name: "3 messages like this" }).click();
  await expect(panel.getByText(`1 × item 18 is out of stock in ${name}`)).toBeVisible();
  await panel.getByRole("link", { name: "Show in Traces" }).click();
  await expect(page.getByRole("table", { name: "Traces" }).getByRole("row")).toHaveCount(1 + 3);
});

test("what a caller got over shows on demand", async ({ page, open, api }) => {
  const name = `flaky-${randomId(4)}`;
  const root = segment("patient");
  const call = { id: randomId(), name, namespace: "remote", fault: true };
  const times = { start_time: root.start_time, end_time: root.end_time };
  const callee = segment(name, { parent_id: call.id, fault: true, cause: thrown("Flaky", "try again") });
  await send(api.ask, [
    { ...root, subsegments: [{ ...call, ...times }] },
    { ...callee, trace_id: root.trace_id },
  ]);
  await open(`errors?find=${name}`);
  await expect(
    page.getByText("No failure fits what is chosen above.").or(page.getByText("Nothing failed")),
  ).toBeVisible();
  await page.getByRole("checkbox", { name: "Also what callers handled" }).check();
  const row = page.getByRole("table", { name: "Failures" }).getByRole("row").filter({ hasText: "Flaky" });
  await expect(row).toContainText("Handled");
  await row.getByRole("button", { name: "Flaky" }).click();
  await page.getByRole("link", { name: "Show in Traces" }).click();
  await expect(page.getByRole("table", { name: "Traces" }).getByRole("row")).toHaveCount(1 + 1);
});

test("kinds and words narrow the failures, and stand in the URL", async ({ page, open }) => {
  await open(`errors?${hour()}&find=orders`);
  await page.getByRole("checkbox", { name: /^Throttle/ }).check();
  const rows = page.getByRole("table", { name: "Failures" }).getByRole("row");
  await expect(rows).toHaveCount(2);
  await expect(rows.last()).toContainText("HTTP 429");
  await expect(page).toHaveURL(/kinds=/);
  await page.getByRole("searchbox", { name: "Find a failure" }).fill("nobody fails like this");
  await expect(page.getByText("No failure fits what is chosen above.")).toBeVisible();
});

test("how many traces were counted is said when there are more", async ({ page, open }) => {
  let asked = 0;
  await page.route("**/TraceSummaries", (route) => {
    asked += 1;
    const at = Date.now() / 1000 - asked;
    const summaries = Array.from({ length: 100 }, (_, index) => ({
      Id: `1-00000000-${String(asked * 100 + index).padStart(24, "0")}`,
      StartTime: at,
      HasFault: true,
      Http: { HttpStatus: 500 },
      EntryPoint: { Name: "busy" },
    }));
    return route.fulfill({ json: { TraceSummaries: summaries, NextToken: `after ${asked}` } });
  });
  await open("errors?live=false");
  await expect(page.getByText(/Counted are the latest 2,000 failed traces, since \d/)).toBeVisible();
  await page.getByRole("button", { name: "Count more" }).click();
  await expect(page.getByText(/Counted are the latest 4,000 failed traces/)).toBeVisible();
});

test("a page without failures says what would show here", async ({ page, open, axe }) => {
  await page.route("**/TraceSummaries", (route) => route.fulfill({ json: { TraceSummaries: [] } }));
  await open("errors");
  await expect(page.getByText("Nothing failed in this window")).toBeVisible();
  await axe(page);
  await page.getByRole("link", { name: "Send your first trace" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Send traces" })).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in the failures and their panel in ${colorScheme}`, async ({ page, open, axe }) => {
    await page.emulateMedia({ colorScheme });
    await open(`errors?${hour()}`);
    await page.getByRole("button", { name: "UnreadableOrder" }).first().click();
    const panel = page.getByRole("complementary", { name: "Selected failure" });
    await expect(panel.getByRole("list", { name: "Stack" })).toBeVisible();
    await axe(page);
  });
}
