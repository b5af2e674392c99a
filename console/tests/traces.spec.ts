// Traces: the query bar, the charts, the facets, the list, and the URL that holds them together.

import type { Locator, Page } from "@playwright/test";
import { deleteGroup, getGroups } from "../src/api/aws";
import { expect, test } from "./fixtures";
import { documentOf, put, type Sent, send, unique } from "./traces-traffic";

/** Four traces that differ in all that a facet tells. */
function basket(run: string): readonly Sent[] {
  const annotations = { run };
  return [
    { annotations, user: `ada-${run}`, seconds: 0.01, secondsAgo: 200 },
    { annotations, user: `alan-${run}`, seconds: 0.1, status: 404, url: "http://shop.test/lost", secondsAgo: 100 },
    { annotations, service: `till-${run}`, seconds: 1, status: 429, method: "POST", secondsAgo: 50 },
    { annotations, seconds: 2, status: 500, exception: { type: "TimeoutError", message: `no answer ${run}` } },
  ];
}

function path(search: Readonly<Record<string, string>>): string {
  return `traces?${new URLSearchParams(search)}`;
}

function filterOf(page: Page): string {
  return new URL(page.url()).searchParams.get("filter") ?? "";
}

function filterField(page: Page): Locator {
  return page.getByRole("textbox", { name: "Filter expression" });
}

/** The rows of the list, without its head. */
function rows(page: Page): Locator {
  return page
    .getByRole("table", { name: "Traces" })
    .getByRole("row")
    .filter({ has: page.getByRole("rowheader") });
}

test("a filter is completed from what was seen, and finds what it says", async ({ page, open, api }) => {
  const run = unique();
  await send(api.ask, basket(run));
  await open(path({ filter: `annotation.run = "${run}"` }));
  await expect(rows(page)).toHaveCount(4);

  const field = filterField(page);
  await field.fill("");
  await field.pressSequentially("us");
  await expect(page.getByRole("listbox")).toBeVisible();
  await field.press("Tab");
  await expect(field).toHaveValue("user ");
  await field.pressSequentially("= ");
  await page.getByRole("option", { name: `"ada-${run}"` }).click();
  await expect(field).toHaveValue(`user = "ada-${run}" `);
  await expect(field).toBeFocused();
  // A value alone is found as a clause.
  await field.pressSequentially(`AND ${run}`);
  await field.press("ArrowDown");
  await expect(page.getByRole("option", { selected: true })).toContainText(run);
  await field.press("Escape");
  await expect(page.getByRole("listbox")).toBeHidden();
  await field.fill(`user = "ada-${run}"`);
  await field.press("Enter");
  await expect(rows(page)).toHaveCount(1);
  expect(filterOf(page)).toBe(`user = "ada-${run}"`);
});

test("in a filter of several lines the keys go from line to line", async ({ page, open }) => {
  await open("traces");
  const field = filterField(page);
  await field.fill("ok\nAND fault");
  await field.press("Escape");
  await field.press("ControlOrMeta+Home");
  await field.press("ArrowDown");
  expect(await field.evaluate((area: HTMLTextAreaElement) => area.selectionStart)).toBe(3);
  await expect(page.getByRole("listbox")).toBeHidden();
  await field.press("ArrowDown");
  await expect(page.getByRole("listbox")).toBeVisible();
});

test("what the server refuses is marked at its place, with what would fit", async ({ page, open, expectProblem }) => {
  expectProblem(/TraceSummaries was answered 400/);
  expectProblem(/console: Failed to load resource/);
  await open("traces");
  const field = filterField(page);
  await field.fill("ok AND responsetme > 2");
  await field.press("Enter");
  await expect(page.getByText("Line 1, position 8")).toBeVisible();
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await page.getByRole("button", { name: "Replace with responsetime" }).click();
  await expect(field).toHaveValue("ok AND responsetime > 2");
  await expect(field).toHaveAttribute("aria-invalid", "false");
  await expect(page.getByText("Line 1")).toBeHidden();

  await field.fill("fault AND");
  await field.press("Enter");
  await expect(page.getByText("something is missing at the end")).toBeVisible();
});

test("facets ask for a value, ask against it, and are taken back", async ({ page, open, api }) => {
  const run = unique();
  const filter = `annotation.run = "${run}"`;
  await send(api.ask, basket(run));
  await open(path({ filter }));
  await expect(rows(page)).toHaveCount(4);

  await page.getByRole("list", { name: "Status" }).getByRole("button", { name: "404 1", exact: true }).click();
  await expect(rows(page)).toHaveCount(1);
  expect(filterOf(page)).toBe(`${filter} AND http.status = 404`);
  await page.getByRole("button", { name: "Do not ask for 404" }).click();
  await expect(rows(page)).toHaveCount(4);
  expect(filterOf(page)).toBe(filter);

  await page.getByRole("button", { name: "Without Fault" }).click();
  await expect(rows(page)).toHaveCount(3);
  expect(filterOf(page)).toBe(`${filter} AND !fault`);
  await page.getByRole("button", { name: "Take away !fault" }).click();
  await expect(rows(page)).toHaveCount(4);

  await page
    .getByRole("list", { name: "Fault cause" })
    .getByRole("button", { name: /^TimeoutError: no answer/ })
    .click();
  await expect(rows(page)).toHaveCount(1);
  expect(filterOf(page)).toContain('rootcause.fault.exception { name = "TimeoutError"');
});

test("the charts refine by the pointer and by the keys", async ({ page, open, api }) => {
  const run = unique();
  const filter = `annotation.run = "${run}"`;
  await send(api.ask, basket(run));
  await open(path({ filter, since: "5m" }));
  await expect(rows(page)).toHaveCount(4);

  // The right half of a logarithmic axis from 10 ms to 2 s: above some 140 ms.
  const distribution = page.getByRole("figure", { name: "Response time, distribution" });
  await drag(page, distribution, 0.55, 0.99);
  await expect(rows(page)).toHaveCount(2);
  expect(filterOf(page)).toMatch(/ AND responsetime >= 0\.1[\d.]*$/);
  await page.goBack();
  await expect(rows(page)).toHaveCount(4);

  const from = page.getByRole("slider", { name: "Response time, from" });
  await from.focus();
  await from.press("End");
  await expect(from).toHaveAttribute("aria-valuetext", /1 trace; Enter chooses it$/);
  await from.press("Enter");
  await expect(rows(page)).toHaveCount(1);
  await page.goBack();
  await expect(rows(page)).toHaveCount(4);

  await page.getByRole("button", { name: "Linear" }).click();
  await expect(page).toHaveURL(/scale=linear/);

  const time = page.getByRole("figure", { name: "Traces, over time" });
  await drag(page, time, 0.6, 0.99);
  await expect(page).toHaveURL(/from=\d+.*to=\d+/);
  await expect(rows(page)).toHaveCount(3);
});

/** Drags over the middle of a chart, from one share of its width to another. */
async function drag(page: Page, chart: Locator, from: number, to: number): Promise<void> {
  const box = await chart.boundingBox();
  if (!box) throw new Error("the chart has no place on the page");
  const x = (share: number) => box.x + 44 + share * (box.width - 54);
  await page.mouse.move(x(from), box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(x(to), box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
}

test("columns are chosen, sorted and widened, and stay so", async ({ page, open, api }) => {
  const run = unique();
  await send(api.ask, basket(run));
  await open(path({ filter: `annotation.run = "${run}"` }));
  await expect(rows(page)).toHaveCount(4);

  await page.getByRole("button", { name: /^Response time, not sorted/ }).click();
  await expect(page).toHaveURL(/sort=responsetime/);
  await expect(rows(page).first()).toContainText("10 ms");
  await page.getByRole("button", { name: /^Response time, sorted ascending/ }).click();
  await expect(page).toHaveURL(/sort=-responsetime/);
  await expect(rows(page).first()).toContainText("2 s");

  await expect(page.getByRole("columnheader", { name: /^Duration/ })).toHaveCount(0);
  await page.getByRole("button", { name: "How to show traces" }).click();
  await page
    .getByRole("switch", { name: "Duration" })
    .or(page.getByRole("checkbox", { name: "Duration" }))
    .click();
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByRole("columnheader", { name: /^Duration/ })).toHaveCount(1);

  const status = page.getByRole("columnheader", { name: /^Status/ });
  const before = (await status.boundingBox())?.width ?? 0;
  const resizer = status.getByRole("button", { name: /resize|Status/ }).last();
  const handle = await resizer.boundingBox();
  if (!handle) throw new Error("the column cannot be widened");
  await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
  await page.mouse.down();
  await page.mouse.move(handle.x + 60, handle.y + handle.height / 2, { steps: 5 });
  await page.mouse.up();
  await expect.poll(async () => (await status.boundingBox())?.width ?? 0).toBeGreaterThan(before + 20);

  await page.reload();
  await expect(rows(page).first()).toContainText("2 s");
  await expect(page.getByRole("columnheader", { name: /^Duration/ })).toHaveCount(1);
  await expect.poll(async () => (await status.boundingBox())?.width ?? 0).toBeGreaterThan(before + 20);
});

test("more than the server tells at once comes page by page, and can be stopped", async ({ page, open, api }) => {
  const run = unique();
  await send(
    api.ask,
    Array.from({ length: 130 }, (_, at) => ({ annotations: { run }, secondsAgo: at })),
  );
  // Pages after the first wait until somebody lets them.
  let letOn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    letOn = resolve;
  });
  await page.route("**/TraceSummaries", async (route) => {
    if (route.request().postDataJSON().NextToken) await held;
    await route.continue();
  });
  await open(path({ filter: `annotation.run = "${run}"` }));
  await expect(page.getByRole("heading", { name: "Traces found (100)" })).toBeVisible();
  await expect(page.getByText("of the time range looked through")).toBeVisible();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByText("Stopped; these are the traces since")).toBeVisible();
  await page.getByRole("button", { name: "Go on" }).click();
  letOn();
  await expect(page.getByRole("heading", { name: "Traces found (130)" })).toBeVisible();

  await expect(rows(page)).toHaveCount(50);
  await page
    .getByRole("button", { name: "Page 3 of all pages" })
    .or(page.getByRole("button", { name: "3", exact: true }))
    .click();
  await expect(rows(page)).toHaveCount(30);
});

test("live tail shows what comes, and what becomes of it", async ({ page, open, api }) => {
  const run = unique();
  await open(path({ filter: `annotation.run = "${run}"`, since: "5m" }));
  await expect(page.getByText("No trace matches the filter")).toBeVisible();
  await page.getByRole("button", { name: "Live" }).click();
  await expect(page).toHaveURL(/live=true/);
  const document = documentOf({ annotations: { run }, seconds: 0.25 });
  await put(api.ask, [{ ...document, end_time: undefined, in_progress: true }]);
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page).getByRole("link")).toHaveText(document.trace_id.slice(-10));
  await expect(rows(page)).toContainText("In progress");
  await put(api.ask, [document]);
  await expect(rows(page)).toContainText("250 ms");
  // What has come stays when it is paused, and nothing more comes.
  await page.getByRole("button", { name: "Live" }).click();
  await expect(page).not.toHaveURL(/live=/);
  await send(api.ask, [{ annotations: { run } }]);
  await expect(rows(page)).toHaveCount(1);
  await page.getByRole("button", { name: "Refresh" }).click();
  await expect(rows(page)).toHaveCount(2);
});

test("live tail that breaks off says so, and goes on by itself", async ({ page, open, api, expectProblem }) => {
  expectProblem(/follow=true.* was answered 429/);
  expectProblem(/console: Failed to load resource/);
  const run = unique();
  let refuses = true;
  await page.route("**/_fluoro/traces?follow=true*", (route) => {
    const error = { code: "TooManyFollowers", message: "others follow already" };
    return refuses ? route.fulfill({ status: 429, json: { error } }) : route.continue();
  });
  await open(path({ filter: `annotation.run = "${run}"`, since: "5m", live: "true" }));
  await expect(page.getByText("Nothing new is shown")).toBeVisible();
  await send(api.ask, [{ annotations: { run } }]);
  refuses = false;
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByText("Nothing new is shown")).toBeHidden();
});

test("a link restores all that was asked", async ({ page, open, api }) => {
  const run = unique();
  await send(api.ask, basket(run));
  await open(path({ filter: `annotation.run = "${run}"`, since: "1h", sort: "-responsetime", scale: "linear" }));
  await expect(filterField(page)).toHaveValue(`annotation.run = "${run}"`);
  await expect(page.getByRole("button", { name: /Last 1 hour/ })).toBeVisible();
  await expect(page.getByRole("button", { name: "Linear" })).toHaveAttribute("aria-pressed", "true");
  await expect(rows(page).first()).toContainText("2 s");
  // What the URL says of nothing that there is, is let be.
  await open("traces?since=never&sort=-nothing&live=7");
  await expect(page.getByRole("button", { name: /Last 15 minutes/ })).toBeVisible();
});

test("the time is chosen, and shown anew on demand", async ({ page, open, api }) => {
  const run = unique();
  const filter = `annotation.run = "${run}"`;
  await send(api.ask, [{ annotations: { run }, secondsAgo: 1_200 }]);
  await open(path({ filter }));
  await expect(page.getByText("No trace matches the filter")).toBeVisible();
  await page.getByRole("button", { name: /Last 15 minutes/ }).click();
  await page.getByRole("radio", { name: "Last 1 hour" }).click();
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/since=1h/);
  await expect(rows(page)).toHaveCount(1);
  await send(api.ask, [{ annotations: { run } }]);
  await page.getByRole("button", { name: "Refresh" }).click();
  await expect(rows(page)).toHaveCount(2);
});

test("a group is made of the filter, chosen, and deleted", async ({ page, open, api }) => {
  const run = unique();
  const name = `run-${run}`;
  await send(api.ask, basket(run));
  await open(path({ filter: `annotation.run = "${run}"` }));
  await page.getByRole("button", { name: "Group actions" }).click();
  await page.getByRole("menuitem", { name: "Save filter as group" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Create group" }).click();
  await expect(page).toHaveURL(new RegExp(`group=${name}`));
  await filterField(page).fill("fault");
  await filterField(page).press("Enter");
  await expect(rows(page)).toHaveCount(1);
  const { Groups } = await api.call(getGroups, {});
  expect(Groups?.find((group) => group.GroupName === name)?.FilterExpression).toBe(`annotation.run = "${run}"`);

  await page.getByRole("button", { name: "Group actions" }).click();
  await page.getByRole("menuitem", { name: `Delete group ${name}` }).click();
  await page.getByRole("button", { name: "Delete group", exact: true }).click();
  await expect(page).not.toHaveURL(/group=/);
  await expect(page.getByText(`Group ${name} was deleted`)).toBeVisible();
  expect((await api.call(getGroups, {})).Groups?.some((group) => group.GroupName === name)).toBe(false);
});

test("a name that no group may have is refused where it is given", async ({ page, open, api, expectProblem }) => {
  expectProblem(/CreateGroup was answered 400/);
  expectProblem(/console: Failed to load resource/);
  await open(path({ filter: "fault" }));
  await page.getByRole("button", { name: "Group actions" }).click();
  await page.getByRole("menuitem", { name: "Save filter as group" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Default");
  await page.getByRole("button", { name: "Create group" }).click();
  await expect(page.getByRole("dialog").getByText(/InvalidRequestException/)).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(api.call(deleteGroup, { GroupName: "Default" })).rejects.toThrow();
});

test("the keys are enough to find a trace and to open it, and Back returns to it", async ({ page, open, api }) => {
  const run = unique();
  const [id = ""] = await send(api.ask, [{ annotations: { run } }]);
  await open("traces");
  await filterField(page).focus();
  await page.keyboard.type(`annotation.run = "${run}"`);
  await page.keyboard.press("Enter");
  await expect(rows(page)).toHaveCount(1);
  const link = rows(page).getByRole("link");
  for (let tabs = 0; tabs < 80 && !(await link.evaluate((element) => element === document.activeElement)); tabs += 1) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/traces/${id}`));
  await page.goBack();
  await expect(filterField(page)).toHaveValue(`annotation.run = "${run}"`);
  await expect(rows(page)).toHaveCount(1);
});

test("a trace is opened in another tab, and the list stays", async ({ page, open, api }) => {
  const run = unique();
  const [id = ""] = await send(api.ask, [{ annotations: { run } }]);
  await open(path({ filter: `annotation.run = "${run}"` }));
  const opened = page.context().waitForEvent("page");
  await rows(page)
    .getByRole("link")
    .click({ modifiers: ["ControlOrMeta"] });
  expect((await opened).url()).toContain(`/traces/${id}`);
  await expect(page).toHaveURL(/traces\?filter=/);
});

test("the page of the list is in the URL, and a new question begins at the first", async ({ page, open, api }) => {
  const run = unique();
  await send(
    api.ask,
    Array.from({ length: 51 }, (_, at) => ({ annotations: { run }, secondsAgo: at })),
  );
  await open(path({ filter: `annotation.run = "${run}"`, page: "2" }));
  await expect(rows(page)).toHaveCount(1);
  await filterField(page).fill(`annotation.run = "${run}" AND ok`);
  await filterField(page).press("Enter");
  await expect(rows(page)).toHaveCount(50);
  await expect(page).not.toHaveURL(/page=/);
});

test("a search that is stopped before its first answer goes on where it began", async ({ page, open, api }) => {
  const run = unique();
  await send(api.ask, [{ annotations: { run } }]);
  let isHeld = true;
  await page.route("**/TraceSummaries", (route) => (isHeld ? undefined : route.continue()));
  await open(path({ filter: `annotation.run = "${run}"` }));
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByText("Stopped before any trace was found")).toBeVisible();
  isHeld = false;
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(rows(page)).toHaveCount(1);
});

test("a trace id in the query bar opens the trace", async ({ page, open, api }) => {
  const [id = ""] = await send(api.ask, [{}]);
  await open("traces");
  await filterField(page).fill(id.replace(/^1-|-/g, "").replaceAll("-", ""));
  await filterField(page).press("Enter");
  await expect(page).toHaveURL(new RegExp(`/traces/${id}`));
});

test("an empty list says what to do", async ({ page, open }) => {
  await open(path({ filter: `annotation.run = "${unique()}"` }));
  await expect(page.getByText("No trace matches the filter")).toBeVisible();
  await page.getByRole("button", { name: "Last 6 hours" }).click();
  await expect(page).toHaveURL(/since=6h/);
  await page.getByRole("button", { name: "Clear the filter" }).last().click();
  await expect(page).not.toHaveURL(/filter=/);
});

test("a server without traces leads to the first one", async ({ page, open }) => {
  await page.route("**/_fluoro/health", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), traces: 0 } });
  });
  await page.route("**/TraceSummaries", (route) =>
    route.fulfill({ json: { TraceSummaries: [], TracesProcessedCount: 0, ApproximateTime: 0, NextToken: null } }),
  );
  await open("traces");
  await expect(page.getByText("No traces yet")).toBeVisible();
  await page.getByRole("link", { name: "snippets for your language" }).click();
  await expect(page).toHaveURL(/\/start/);
});

test("what cannot be read is said, and can be tried again", async ({ page, open, expectProblem }) => {
  expectProblem(/TraceSummaries was answered 403/);
  expectProblem(/console: Failed to load resource/);
  let fails = true;
  await page.route("**/TraceSummaries", (route) =>
    fails ? route.fulfill({ status: 403, json: { message: "Forbidden for a test" } }) : route.continue(),
  );
  await open("traces");
  await expect(page.getByText("The traces could not be read")).toBeVisible();
  await expect(page.getByText("Forbidden for a test")).toBeVisible();
  fails = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByText("The traces could not be read")).toBeHidden();
});

test("what was found can be taken along", async ({ page, open, api }) => {
  const run = unique();
  const [id = ""] = await send(api.ask, [{ annotations: { run } }]);
  await open(path({ filter: `annotation.run = "${run}"` }));
  await expect(rows(page)).toHaveCount(1);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Actions", exact: true }).click();
  await page.getByRole("menuitem", { name: "Traces found as CSV" }).click();
  const file = await (await download).createReadStream();
  const text = (await file.toArray()).join("");
  expect(text).toContain(id);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`Traces is accessible with all of it open, in ${colorScheme}`, async ({ page, open, api, axe }) => {
    const run = unique();
    await send(api.ask, basket(run));
    await page.emulateMedia({ colorScheme });
    await open(path({ filter: `annotation.run = "${run}" AND responsetime >= 0`, live: "true" }));
    await expect(rows(page)).toHaveCount(4);
    await filterField(page).focus();
    await filterField(page).press("End");
    await filterField(page).pressSequentially(" AND us");
    await filterField(page).press("ArrowDown");
    await expect(page.getByRole("option", { selected: true })).toBeVisible();
    await axe(page);
    await filterField(page).press("Escape");
    await page.getByRole("button", { name: "Group actions" }).click();
    await page.getByRole("menuitem", { name: "Save filter as group" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await axe(page);
  });
}
