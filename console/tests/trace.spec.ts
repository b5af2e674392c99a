// One trace: its waterfall, what is told of a row, what Fluoro knows of it beyond X-Ray.

import type { Locator, Page } from "@playwright/test";
import { getTraceSummaries, type XRayTraceSummary } from "../src/api/aws";
import { expect, test } from "./fixtures";
import { ago, randomId, send, sendTexts, traceId } from "./segments";

type Call = Parameters<Parameters<typeof test>[2]>[0]["api"]["call"];

/** The first trace of the examples that a filter finds. */
async function exampleTrace(call: Call, filter: string): Promise<string> {
  const now = Math.ceil(Date.now() / 1000);
  const asked = { StartTime: now - 6 * 3600, EndTime: now + 1, FilterExpression: filter };
  const { TraceSummaries = [] } = await call(getTraceSummaries, asked);
  const age = (summary: XRayTraceSummary) => summary.StartTime ?? 0;
  const [oldest] = TraceSummaries.sort((one, other) => age(one) - age(other));
  if (!oldest?.Id) throw new Error(`the examples left no trace that ${filter} finds`);
  return oldest.Id;
}

const CREATED = 'service("orders/Prod") AND http.method = "POST" AND http.status = 201';
const BROKEN = 'service("orders/Prod") AND http.url ENDSWITH "/orders/broken"';

function waterfall(page: Page): Locator {
  return page.getByRole("treegrid", { name: "Segments and subsegments" });
}

function row(page: Page, name: string | RegExp): Locator {
  return waterfall(page).getByRole("row", { name });
}

function details(page: Page): Locator {
  return page.getByRole("region", { name: "Details of the selected row" });
}

test("a request is shown down to what its function did", async ({ page, open, api }) => {
  await open(`traces/${await exampleTrace(api.call, CREATED)}`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/POST .*\/Prod\/orders/);
  await expect(page.getByText("OK (201)").first()).toBeVisible();
  await expect(page.getByText("Complete", { exact: true })).toBeVisible();
  // The first order met a function that had to start.
  await expect(page.getByRole("definition").filter({ hasText: /^Cold start [\d.]/ })).toBeVisible();
  await expect(row(page, /^▾?.*orders\/Prod API Gateway stage 201/)).toHaveAttribute("aria-level", "1");
  await expect(row(page, /Initialization Cold start/)).toBeVisible();
  await row(page, /price the basket/).click();
  await expect(details(page).getByRole("heading", { name: "price the basket" })).toBeVisible();
  await expect(details(page).getByRole("link", { name: "Find traces whose customer is ada" })).toBeVisible();
  await expect(details(page).getByText("lines")).toBeVisible();
  const table = row(page, /dynamodb PutItem/i).first();
  await table.click();
  await details(page).getByRole("button", { name: "Resources" }).click();
  await expect(details(page).getByText("PutItem").last()).toBeVisible();
});

test("an annotation leads to the traces that have the same", async ({ page, open, api }) => {
  await open(`traces/${await exampleTrace(api.call, CREATED)}`);
  await row(page, /price the basket/).click();
  await details(page).getByRole("link", { name: "Find traces whose customer is ada" }).click();
  await expect(page).toHaveURL(/\/traces\?filter=annotation.customer/);
});

test("a fault is told with its exception and where it was thrown", async ({ page, open, api }) => {
  await open(`traces/${await exampleTrace(api.call, BROKEN)}`);
  await expect(page.getByText("Fault (502)").first()).toBeVisible();
  await page.getByRole("button", { name: /Which rows are shown/ }).click();
  await page.getByRole("option", { name: "Failures" }).click();
  await expect(row(page, /Overhead/)).toHaveCount(0);
  await row(page, /Fault.*Lookup.*Lambda function/).click();
  await expect(details(page).getByText("UnreadableOrder")).toBeVisible();
  await expect(details(page).getByText("order broken cannot be read")).toBeVisible();
  await expect(details(page).getByRole("list", { name: "Stack" })).toContainText(/exports\.handler.*lookup\.js:\d+/);
});

test("the trace's own map leads to the rows of a service", async ({ page, open, api }) => {
  await open(`traces/${await exampleTrace(api.call, CREATED)}`);
  await page.getByRole("tab", { name: "Map" }).click();
  const map = page.getByRole("region", { name: "Map of this trace" });
  await map
    .getByRole("button", { name: /OrdersTable/ })
    .first()
    .click();
  const behind = page.getByRole("complementary", { name: "Selected part of the map" });
  await behind.getByRole("button", { name: /dynamodb \(DynamoDB table\)/i }).click();
  await expect(row(page, /dynamodb DynamoDB table/i)).toHaveAttribute("aria-selected", "true");
  await expect(page).not.toHaveURL(/view=/);
});

test("what is looked for, shown and selected outlives the view and stands in the URL", async ({ page, open, api }) => {
  await open(`traces/${await exampleTrace(api.call, CREATED)}`);
  const find = page.getByRole("searchbox", { name: /Find names, ids/ });
  await find.pressSequentially("price the");
  await page.getByRole("button", { name: /Which rows are shown/ }).click();
  await page.getByRole("option", { name: "Critical path" }).click();
  await expect(page).toHaveURL(/find=price/);
  await expect(page).toHaveURL(/shown=critical/);
  await page.getByRole("tab", { name: "Map" }).click();
  const map = page.getByRole("region", { name: "Map of this trace" });
  await map
    .getByRole("button", { name: /OrdersTable/ })
    .first()
    .click();
  await expect(page).toHaveURL(/(node|edge)=/);
  await page.reload();
  const behind = page.getByRole("complementary", { name: "Selected part of the map" });
  await behind.getByRole("button", { name: "Close" }).click();
  await expect(page).not.toHaveURL(/(node|edge)=/);
  await page.getByRole("tab", { name: "Timeline" }).click();
  await expect(find).toHaveValue("price the");
});

test("the tab is named for the page that is shown", async ({ page, open, api }) => {
  await open(`traces/${await exampleTrace(api.call, CREATED)}`);
  await expect(page).toHaveTitle(/^POST .*Traces · Fluoro$/);
  await page.getByRole("link", { name: "Errors" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Errors" })).toBeVisible();
  await expect(page).toHaveTitle("Errors · Fluoro");
});

test("the function's log lines of the request are shown", async ({ page, open, api }) => {
  await open(`traces/${await exampleTrace(api.call, BROKEN)}`);
  await page.getByRole("tab", { name: "Logs" }).click();
  await expect(page).toHaveURL(/view=logs/);
  const lines = page.getByRole("list", { name: "Log lines" });
  await expect(lines).toContainText("START RequestId");
  await expect(lines).toContainText("UnreadableOrder");
  await expect(lines).toContainText("REPORT RequestId");
});

test("the sampling decision is told with its reason", async ({ page, open, api }) => {
  await open(`traces/${await exampleTrace(api.call, CREATED)}`);
  await page.getByRole("button", { name: /Sampled by the .* of rule keep-orders/ }).click();
  await expect(page.getByText(/rule keep-orders is the first that fits/i)).toBeVisible();
  await expect(page.getByRole("listitem").filter({ hasText: /keep-orders fits.*POST is POST/ })).toBeVisible();
});

test("a trace in progress is followed until it is complete", async ({ page, open, api }) => {
  const [trace, root, call] = [traceId(), randomId(), randomId()];
  const begun = { id: root, trace_id: trace, name: "worker", start_time: ago(5) };
  await send(api.ask, [{ ...begun, in_progress: true }]);
  await open(`traces/${trace}`);
  await expect(row(page, /worker/)).toContainText("In progress");
  await page.getByRole("button", { name: "Live, 1 part open" }).click();
  await expect(page.getByText(`segment worker (${root}) is in progress`)).toBeVisible();
  await page.keyboard.press("Escape");
  const part = { type: "subsegment", id: call, parent_id: root, trace_id: trace, name: "fetch" };
  await send(api.ask, [{ ...part, start_time: ago(4), end_time: ago(3) }]);
  await expect(row(page, /fetch/)).toHaveAttribute("aria-level", "2");
  await send(api.ask, [{ ...begun, end_time: ago(1) }]);
  await expect(page.getByText("Complete", { exact: true })).toBeVisible();
  await expect(row(page, /worker/)).not.toContainText("In progress");
});

test("a trace that has not come is waited for", async ({ page, open, api }) => {
  const trace = traceId();
  await open(`traces/${trace}`);
  await expect(page.getByText(`There is no trace ${trace}`)).toBeVisible();
  await send(api.ask, [{ id: randomId(), trace_id: trace, name: "late", start_time: ago(2), end_time: ago(1) }]);
  await expect(row(page, /late/)).toBeVisible();
});

test("what is no trace id is told so", async ({ page, open }) => {
  await open("traces/nonsense");
  await expect(page.getByText("This is no trace id")).toBeVisible();
  await page.getByRole("link", { name: "Traces" }).last().click();
  await expect(page).toHaveURL(/\/traces(\?.*)?$/);
});

test("ten thousand subsegments are shown with few rows in the page, and the last is found", async ({
  page,
  open,
  api,
}) => {
  const trace = await putLargeTrace(api.ask);
  await open(`traces/${trace}`);
  await expect(waterfall(page)).toHaveAttribute("aria-rowcount", "10202");
  const rows = page.getByRole("row");
  expect(await rows.count()).toBeLessThan(300);
  await page.getByPlaceholder("Find in this trace").fill("step-9999");
  await expect(page.getByRole("status").filter({ hasText: "1" })).toBeVisible();
  await page.getByPlaceholder("Find in this trace").press("Enter");
  await expect(row(page, /step-9999/)).toHaveAttribute("aria-selected", "true");
  await expect(row(page, /step-9999/)).toBeInViewport();
  await waterfall(page).evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
  await expect(row(page, /step-50\d\d/).first()).toBeVisible();
  expect(await rows.count()).toBeLessThan(300);
});

test("a row's link opens the trace with the row selected and in sight", async ({ page, open, api }) => {
  const trace = await putLargeTrace(api.ask);
  await open(`traces/${trace}`);
  await page.getByPlaceholder("Find in this trace").fill("step-7321");
  await page.getByPlaceholder("Find in this trace").press("Enter");
  await expect(page).toHaveURL(/row=/);
  await page.reload();
  await expect(row(page, /step-7321/)).toBeInViewport();
  await expect(details(page).getByRole("heading", { name: "step-7321" })).toBeVisible();
});

test("an id of digits alone is an id in a link as well", async ({ page, open, api }) => {
  const [trace, root, part] = [traceId(), randomId(), "0123456789012345"];
  const subsegments = [{ id: part, name: "digits", start_time: ago(2), end_time: ago(1) }];
  await send(api.ask, [{ id: root, trace_id: trace, name: "root", start_time: ago(2), end_time: ago(1), subsegments }]);
  await open(`traces/${trace}?row=${part}`);
  await expect(row(page, /digits/)).toHaveAttribute("aria-selected", "true");
});

test("the waterfall is walked by keyboard", async ({ page, open, api }) => {
  await open(`traces/${await exampleTrace(api.call, CREATED)}`);
  const grid = waterfall(page);
  await grid.focus();
  await expect(row(page, /API Gateway stage/)).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("ArrowDown");
  const call = row(page, /Lambda Invoke/);
  await expect(call).toHaveAttribute("aria-selected", "true");
  await expect(grid).toHaveAttribute("aria-activedescendant", (await call.getAttribute("id")) ?? "");
  await page.keyboard.press("ArrowLeft");
  await expect(call).toHaveAttribute("aria-expanded", "false");
  await expect(row(page, /Invocation/)).toHaveCount(0);
  await page.keyboard.press("ArrowRight");
  await expect(row(page, /Invocation/)).toHaveCount(1);
  await page.keyboard.press("End");
  await expect(row(page, /Overhead/)).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("ArrowLeft");
  await expect(row(page, /Lambda function/)).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(details(page)).toBeFocused();
});

test("levels are folded and unfolded together", async ({ page, open, api }) => {
  await open(`traces/${await exampleTrace(api.call, CREATED)}`);
  const choose = async (level: string) => {
    await page.getByRole("button", { name: "Levels" }).click();
    await page.getByRole("menuitem", { name: level }).click();
  };
  await choose("Collapse all");
  await expect(waterfall(page).getByRole("row")).toHaveCount(2);
  await choose("Show 3 levels");
  await expect(row(page, /Invocation/)).toHaveCount(0);
  await expect(waterfall(page).getByRole("row")).toHaveCount(4);
  await choose("Expand all");
  await expect(row(page, /price the basket/)).toBeVisible();
});

test("a part of the time is drawn out and looked at", async ({ page, open, api }) => {
  await open(`traces/${await exampleTrace(api.call, CREATED)}`);
  const strip = page.getByTitle(/^Drag to look at a part of the time/);
  const box = await strip.boundingBox();
  if (!box) throw new Error("the strip is not shown");
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.5, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, y, { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/zoom=/);
  const whole = page.getByRole("button", { name: "Show the whole time" });
  await whole.click();
  await expect(page).not.toHaveURL(/zoom=/);
  await expect(whole).toBeDisabled();
  await row(page, /Invocation/).click();
  await page.getByRole("button", { name: "Zoom to the selected row" }).click();
  await expect(page).toHaveURL(/zoom=/);
});

test("a trace is taken along as a command, a link and a file", async ({ page, open, api, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const trace = await exampleTrace(api.call, CREATED);
  await open(`traces/${trace}`);
  const act = async (name: RegExp) => {
    await page.getByRole("button", { name: "Actions" }).click();
    await page.getByRole("menuitem", { name }).click();
  };
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await act(/AWS CLI command/);
  await expect.poll(copied).toContain(`aws xray batch-get-traces --trace-ids ${trace} --endpoint-url http://`);
  await act(/Link to this view/);
  await expect.poll(copied).toContain(`/traces/${trace}`);
  const coming = page.waitForEvent("download");
  await act(/Download as JSON/);
  const file = await coming;
  expect(file.suggestedFilename()).toBe(`trace-${trace}.json`);
});

test("numbers keep their digits, causes their chain, links their traces", async ({ page, open, api }) => {
  const [trace, other] = [traceId(), traceId()];
  await sendTexts(api.ask, [failedOrder(trace, other)]);
  await open(`traces/${trace}`);
  await expect(details(page).getByText("12345678901234567890")).toBeVisible();
  await expect(details(page).getByText("Caused by")).toBeVisible();
  await expect(details(page).getByText("ConnectionReset")).toBeVisible();
  await details(page).getByRole("button", { name: "query the table" }).first().click();
  await expect(details(page).getByText("SELECT * FROM orders")).toBeVisible();
  await row(page, /shop/).first().click();
  await expect(details(page).getByRole("link", { name: other })).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    test(`axe finds nothing serious, ${colorScheme}, ${width} pixels wide`, async ({ page, open, api, axe }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await open(`traces/${await exampleTrace(api.call, BROKEN)}`);
      await row(page, /Fault.*Lookup.*Lambda function/).click();
      await axe(page);
      for (const view of ["Map", "Logs", "Sampling"]) {
        await page.getByRole("tab", { name: view }).click();
        await axe(page);
      }
      const fits = await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
      expect(fits, "nothing is wider than the screen").toBe(true);
    });
  }
}

/** A segment that failed because of what a subsegment threw; with a number beyond JavaScript's, and a link. */
function failedOrder(trace: string, other: string): string {
  const [thrown, led] = [randomId(), randomId()];
  const times = { start_time: ago(2), end_time: ago(1) };
  const exceptions = [
    {
      id: thrown,
      type: "OrderError",
      message: "cannot order",
      cause: led,
      stack: [{ path: "a.py", line: 1, label: "f" }],
    },
    { id: led, type: "ConnectionReset", message: "peer closed", remote: true },
  ];
  const query = {
    ...{ id: randomId(), name: "query the table", namespace: "remote", fault: true, ...times },
    sql: { sanitized_query: "SELECT * FROM orders" },
    cause: { exceptions },
  };
  const segment = {
    ...{ id: randomId(), trace_id: trace, name: "shop", fault: true, cause: thrown, ...times },
    metadata: { default: { long: "LONG" } },
    links: [{ trace_id: other, id: randomId(), attributes: { "aws.xray.reserved.reference_type": "parent" } }],
    subsegments: [query],
  };
  return JSON.stringify(segment).replace('"LONG"', "12345678901234567890");
}

/** A segment with 200 subsegments of 50 each, sent in as many documents: 10,201 rows. */
async function putLargeTrace(ask: Parameters<typeof send>[0]): Promise<string> {
  const [trace, root] = [traceId(), randomId()];
  const begin = ago(60);
  const batches = Array.from({ length: 200 }, (_, batch) => {
    const at = begin + batch * 0.25;
    const steps = Array.from({ length: 50 }, (_, step) => ({
      id: randomId(),
      name: `step-${batch * 50 + step}`,
      start_time: at + step * 0.005,
      end_time: at + step * 0.005 + 0.004,
    }));
    const own = { type: "subsegment", id: randomId(), trace_id: trace, parent_id: root, name: `batch-${batch}` };
    return { ...own, start_time: at, end_time: at + 0.25, subsegments: steps };
  });
  const segment = { id: root, trace_id: trace, name: "importer", start_time: begin, end_time: begin + 50 };
  await send(ask, [...batches, segment]);
  return trace;
}
