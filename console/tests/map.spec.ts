// The service map, with the examples' traffic in it.

import type { Page } from "@playwright/test";
import { getServiceGraph, type XRayService } from "../src/api/aws";
import { largeGraph, orders, service } from "../src/model/graph-fixture";
import { kindOf, shortName } from "../src/model/graph-kind";
import { expect, test } from "./fixtures";
import { randomId, segment, send } from "./segments";

/** The last two hours until now: a window in which nothing changes any more, whatever other tests send. */
function closedWindow() {
  const to = Math.floor(Date.now() / 1000);
  return { from: to - 7_200, to };
}

function pathOf(window: { from: number; to: number }, more = ""): string {
  return `map?from=${window.from}&to=${window.to}${more}`;
}

function nodeOf(page: Page, name: string | RegExp, label: string) {
  const start = typeof name === "string" ? name.replace(/[/.]/g, "\\$&") : name.source;
  return page.getByRole("button", { name: new RegExp(`^${start}[^,]*, ${label},`) });
}

async function mockGraph(page: Page, services: () => readonly XRayService[]) {
  await page.route("**/ServiceGraph", (route) => route.fulfill({ json: { Services: services() } }));
}

test("shows every service and every call of the examples", async ({ page, open, api }) => {
  const window = closedWindow();
  const { Services = [] } = await api.call(getServiceGraph, { StartTime: window.from, EndTime: window.to });
  await open(pathOf(window));
  const map = page.getByRole("region", { name: "Service map" });
  for (const { Name = "", Type } of Services) {
    await expect(map.getByRole("button", { name: `${Name}, ${kindOf(Type ?? undefined).label}, ` })).toBeVisible();
  }
  const called = Services.flatMap((caller) => (caller.Edges ?? []).map((edge) => ({ caller, edge })));
  for (const { caller, edge } of called) {
    const callee = Services.find((one) => one.ReferenceId === edge.ReferenceId);
    const count = edge.SummaryStatistics?.TotalCount ?? 0;
    const requests = `${count} ${count === 1 ? "request" : "requests"}`;
    const verb = edge.EdgeType === "link" ? "links to" : "calls";
    const name = `${caller.Name} ${verb} ${callee?.Name}, ${requests},`;
    await expect(map.getByRole("button", { name }).first()).toBeAttached();
  }
  await expect(page.getByText(`${Services.length} nodes, ${called.length} edges`)).toBeVisible();
});

test("the panel of a node counts as the API does", async ({ page, open, api }) => {
  const window = closedWindow();
  const { Services = [] } = await api.call(getServiceGraph, { StartTime: window.from, EndTime: window.to });
  const stage = Services.find((one) => one.Name === "orders/Prod" && one.Type === "AWS::ApiGateway::Stage");
  const counts = stage?.SummaryStatistics;
  await open(pathOf(window));
  await nodeOf(page, "orders/Prod", "API Gateway stage").click();
  const panel = page.getByRole("complementary", { name: "Selected on the map" });
  await expect(panel.getByRole("heading", { name: "orders/Prod" })).toBeVisible();
  await expect(panel.getByText(String(counts?.TotalCount), { exact: true })).toBeVisible();
  for (const [word, count] of [
    ["OK", counts?.OkCount],
    ["Error", counts?.ErrorStatistics?.OtherCount],
    ["Throttle", counts?.ErrorStatistics?.ThrottleCount],
    ["Fault", counts?.FaultStatistics?.TotalCount],
  ]) {
    await expect(panel.getByRole("checkbox", { name: new RegExp(`${word} ${count} `) })).toBeVisible();
  }
  await expect(panel.getByText(/^p50 .+ · p90 .+ · p99 /)).toBeVisible();
  await panel.getByRole("button", { name: "Close" }).click();
  await expect(panel).toBeHidden();
});

test("a brush over response times leads on into Traces", async ({ page, open }) => {
  await open(pathOf(closedWindow()));
  await nodeOf(page, "orders/Prod", "API Gateway stage").click();
  const panel = page.getByRole("complementary", { name: "Selected on the map" });
  const chart = panel.getByRole("figure", { name: "Response time, distribution" });
  const box = await chart.boundingBox();
  if (!box) throw new Error("the histogram is not drawn");
  // From the middle to the slow end: the report, which takes more than a second.
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 12, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/over=/);
  const latest = panel.getByRole("list", { name: "Latest traces" });
  await expect(latest.getByRole("link", { name: "GET /Prod/report" }).first()).toBeVisible();
  await panel.getByRole("link", { name: "Show in Traces" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Traces" })).toBeVisible();
  const filter = new URL(page.url()).searchParams.get("filter") ?? "";
  expect(filter).toMatch(
    /^service\(id\(name: "orders\/Prod", type: "AWS::ApiGateway::Stage"\)\) \{ responsetime >= [\d.]+ \}$/,
  );
  await expect(page.getByRole("table").getByText("/report").first()).toBeVisible();
});

test("an outcome narrows a node's traces to those", async ({ page, open }) => {
  await open(pathOf(closedWindow()));
  await nodeOf(page, /orders-Lookup-\w+/, "Lambda function").click();
  const panel = page.getByRole("complementary", { name: "Selected on the map" });
  await panel.getByRole("checkbox", { name: /^Fault/ }).check();
  await expect(page).toHaveURL(/outcomes=/);
  const latest = panel.getByRole("list", { name: "Latest traces" }).getByRole("listitem");
  await expect(latest.filter({ hasText: "502" }).first()).toBeVisible();
  await expect(latest.filter({ hasNotText: "502" })).toHaveCount(0);
  await page.reload();
  await expect(panel.getByRole("checkbox", { name: /^Fault/ })).toBeChecked();
});

test("an edge shows the calls as their caller saw them", async ({ page, open }) => {
  await open(pathOf(closedWindow()));
  // A line that is quite straight has no height, and so, to Playwright, nothing to click.
  const line = await page.getByRole("button", { name: /^orders\/Prod calls orders\/Prod,/ }).boundingBox();
  if (!line) throw new Error("the edge is not drawn");
  await page.mouse.click(line.x + line.width / 2, line.y + line.height / 2);
  const panel = page.getByRole("complementary", { name: "Selected on the map" });
  await expect(panel.getByRole("heading", { name: "orders/Prod → orders/Prod" })).toBeVisible();
  await panel.getByRole("link", { name: "Show in Traces" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Traces" })).toBeVisible();
  expect(new URL(page.url()).searchParams.get("filter")).toBe(
    'edge(id(name: "orders/Prod", type: "client"), id(name: "orders/Prod", type: "AWS::ApiGateway::Stage"))',
  );
  await expect(page.getByRole("table").getByText("/report").first()).toBeVisible();
});

test("the keyboard reaches nodes and edges, and lets go of them", async ({ page, open }) => {
  await open(pathOf(closedWindow()));
  const panel = page.getByRole("complementary", { name: "Selected on the map" });
  const node = nodeOf(page, "hello/Prod", "API Gateway stage");
  await node.focus();
  await page.keyboard.press("Enter");
  await expect(panel.getByRole("heading", { name: "hello/Prod" })).toBeVisible();
  await expect(node).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  await page.getByRole("button", { name: /^hello\/Prod calls hello-Hello-/ }).focus();
  await page.keyboard.press("Enter");
  await expect(panel.getByRole("heading", { name: /^hello\/Prod → hello-Hello-/ })).toBeVisible();
});

test("from a node its neighbours are a click away", async ({ page, open }) => {
  await open(pathOf(closedWindow()));
  await nodeOf(page, /orders-Intake-\w+/, "Lambda function").click();
  const panel = page.getByRole("complementary", { name: "Selected on the map" });
  await panel.getByRole("button", { name: /^orders-Announcements-\w+ \(SQS queue\)/ }).click();
  await expect(panel.getByRole("heading", { name: /orders-Announcements/ })).toBeVisible();
  await page.goBack();
  await expect(panel.getByRole("heading", { name: /orders-Intake/ })).toBeVisible();
});

test("a search marks what it finds, and Enter takes it", async ({ page, open }) => {
  await open(pathOf(closedWindow()));
  const box = page.getByRole("searchbox", { name: "Find a service" });
  await box.fill("dynamo");
  await expect(page.getByText(/^1 of \d+ nodes/)).toBeVisible();
  await expect(page).toHaveURL(/find=dynamo/);
  await box.press("Enter");
  const panel = page.getByRole("complementary", { name: "Selected on the map" });
  await expect(panel.getByRole("heading", { name: /orders-OrdersTable/ })).toBeVisible();
});

test("a function's two nodes can be drawn as one, and all of a type", async ({ page, open }) => {
  await open(pathOf(closedWindow()));
  await expect(nodeOf(page, /orders-Lookup-\w+/, "Lambda service")).toBeVisible();
  await page.getByRole("button", { name: /^Draw as one/ }).click();
  await page.getByRole("option", { name: /Functions as one/ }).click();
  await expect(nodeOf(page, /orders-Lookup-\w+/, "Lambda service")).toBeHidden();
  await expect(nodeOf(page, /orders-Lookup-\w+/, "Lambda function")).toBeVisible();
  await page.getByRole("button", { name: /^Draw as one/ }).click();
  await page.getByRole("option", { name: /By type/ }).click();
  await nodeOf(page, /\d+ × Lambda function/, "Lambda function").click();
  const panel = page.getByRole("complementary", { name: "Selected on the map" });
  await expect(panel.getByRole("list", { name: "Latest traces" }).getByRole("link").first()).toBeVisible();
});

test("the list tells the same as the map", async ({ page, open, api }) => {
  const window = closedWindow();
  const { Services = [] } = await api.call(getServiceGraph, { StartTime: window.from, EndTime: window.to });
  await open(pathOf(window, "&view=list"));
  const table = page.getByRole("table", { name: "Services" });
  await expect(table.getByRole("row")).toHaveCount(Services.length + 1);
  const found = Services.find((one) => one.Type === "AWS::DynamoDB::Table");
  const row = table.getByRole("row").filter({ hasText: shortName(found?.Name ?? "", found?.Type) });
  await expect(row).toContainText("DynamoDB table");
  await expect(row).toContainText(String(found?.SummaryStatistics?.TotalCount));
  await row.getByRole("button", { name: /orders-OrdersTable/ }).click();
  await expect(page.getByRole("complementary", { name: "Selected on the map" })).toBeVisible();
});

test("what goes on in another trace is linked, with its age there", async ({ page, open, api }) => {
  const name = `sender-${randomId(4)}`;
  const sent = segment(name);
  await send(api.ask, [sent]);
  const link = { trace_id: sent.trace_id, id: sent.id, attributes: { "aws.xray.reserved.reference_type": "parent" } };
  await send(api.ask, [segment(`${name}-receiver`, { links: [link] })]);
  await open(`map?find=${name}`);
  await page.getByRole("button", { name: `${name} links to ${name}-receiver` }).focus();
  await page.keyboard.press("Enter");
  const panel = page.getByRole("complementary", { name: "Selected on the map" });
  await expect(panel.getByText("Age there, p50")).toBeVisible();
  await expect(panel.getByRole("list", { name: "Latest traces" }).getByRole("listitem")).toHaveCount(2);
});

test("500 nodes are drawn, found and told apart", async ({ page }) => {
  await mockGraph(page, () => largeGraph(500));
  await page.goto("map?live=false");
  // Where many tests run on few cores; how fast it is, the benchmark tells.
  await expect(page.getByText("500 nodes, 980 edges")).toBeVisible({ timeout: 30_000 });
  // To look for so many by their role takes Playwright longer than the page to draw them.
  const map = page.getByRole("region", { name: "Service map" });
  await expect(map.locator(".react-flow__node")).toHaveCount(500);
  await expect(map.locator(".react-flow__edge")).toHaveCount(980);
  await page.getByRole("searchbox", { name: "Find a service" }).fill("table-042");
  await expect(page.getByText("1 of 500 nodes, 980 edges")).toBeVisible();
  await expect(map.getByText("table-042")).toBeInViewport();
});

test("a refresh leaves nodes where they are, and puts new ones beside them", async ({ page, open }) => {
  let services = orders();
  await mockGraph(page, () => services);
  await open("map?live=false");
  const intake = nodeOf(page, "intake", "Lambda function");
  const table = nodeOf(page, "orders", "DynamoDB table");
  await expect(table).toBeVisible();
  const distance = async () => {
    const [from, to] = [await intake.boundingBox(), await table.boundingBox()];
    return from && to && [(to.x - from.x) / from.width, (to.y - from.y) / from.width].map((part) => part.toFixed(2));
  };
  const before = await distance();
  // In the order of names this one comes first; laid out anew, everything would move down for it.
  services = [...services, service(9, "a-first", "AWS::ECS::Container", { Edges: [{ ReferenceId: 4 }] })];
  await page.getByRole("button", { name: "Refresh" }).click();
  await expect(nodeOf(page, "a-first", "ECS container")).toBeVisible();
  expect(await distance()).toEqual(before);
});

test("a map without services says how to get some", async ({ page, open, axe }) => {
  await mockGraph(page, () => []);
  await open("map");
  await expect(page.getByText("No services in this window")).toBeVisible();
  await axe(page);
  await page.getByRole("link", { name: "send your first trace" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Send traces" })).toBeVisible();
});

test("a window too long for a map is said, with the way to a shorter one", async ({ page, open, expectProblem }) => {
  expectProblem(/ServiceGraph/);
  expectProblem(/400/);
  await open("map?since=2d");
  await expect(page.getByText("A service map spans at most 6 hours")).toBeVisible();
  await page.getByRole("button", { name: "Show the last 6 hours" }).click();
  await expect(page.getByRole("region", { name: "Service map" })).toBeVisible();
  await expect(page).toHaveURL(/since=6h/);
});

test("what the server fails at is said, and can be tried again", async ({ page, open, expectProblem }) => {
  expectProblem(/ServiceGraph/);
  let fails = true;
  await page.route("**/ServiceGraph", (route) => {
    if (!fails) return route.fallback();
    return route.fulfill({ status: 400, json: { __type: "InvalidRequestException", Message: "No such map." } });
  });
  await open("map?live=false");
  await expect(page.getByText("InvalidRequestException: No such map.")).toBeVisible();
  fails = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("region", { name: "Service map" })).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in the map and its panel in ${colorScheme}`, async ({ page, open, axe }) => {
    await page.emulateMedia({ colorScheme });
    await open(pathOf(closedWindow()));
    await nodeOf(page, "orders/Prod", "API Gateway stage").click();
    const panel = page.getByRole("complementary", { name: "Selected on the map" });
    await expect(panel.getByRole("list", { name: "Latest traces" })).toBeVisible();
    await axe(page);
    await page.getByRole("button", { name: "List" }).click();
    await expect(page.getByRole("table", { name: "Services" })).toBeVisible();
    await axe(page);
  });
}
