// Send traces: snippets have the server's real address and work as they stand; what arrives is told.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Listeners } from "../src/api/fluoro-api";
import { expect, test } from "./fixtures";

const run = promisify(execFile);

test("every language has its snippets, with this server's addresses", async ({ page, open, api }) => {
  const { endpoint, daemon, otlp_http: otlp } = await api.own<Listeners>("listeners");
  await open("start");
  await expect(page.getByText(`AWS_ENDPOINT_URL=${endpoint}`, { exact: true })).toBeVisible();
  await expect(page.getByText(`AWS_XRAY_DAEMON_ADDRESS=${daemon}`, { exact: true })).toBeVisible();
  const tabs = page.getByRole("tablist", { name: "Languages and tools" }).getByRole("tab");
  await expect(tabs).toHaveCount(8);
  for (const tab of await tabs.all()) {
    await tab.click();
    const panel = page.getByRole("tabpanel", { name: ((await tab.textContent()) ?? "").trim() });
    await expect(panel.getByRole("listitem").first()).toBeVisible();
    await expect(panel).toContainText(new RegExp(`${endpoint}|${daemon}|http://${otlp}`));
  }
});

test("a language and a kind have their own address", async ({ page, open, axe }) => {
  await open("start");
  await page.getByRole("tab", { name: "Node.js" }).click();
  await page
    .getByRole("radio", { name: "Lambda" })
    .or(page.getByRole("button", { name: "Lambda", exact: true }))
    .first()
    .click();
  await expect(page).toHaveURL(/language=node&kind=lambda/);
  await page.reload();
  await expect(page.getByRole("tab", { name: "Node.js" })).toHaveAttribute("aria-selected", "true");
  await expect(page.getByText("nodejs20.x")).toBeVisible();
  await axe(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await axe(page);
});

test("a snippet is copied whole", async ({ page, open, context, api }) => {
  const { daemon } = await api.own<Listeners>("listeners");
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open("start?language=python&kind=flask");
  await page.getByRole("button", { name: "Copy Run it" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toBe(`AWS_XRAY_DAEMON_ADDRESS=${daemon} flask run --port 5000`);
});

test("the curl snippet sends a trace as it stands, and its arrival is told", async ({
  page,
  open,
  axe,
  baseURL,
  api,
}) => {
  await open("start?language=cli&kind=curl");
  await expect(page.getByText(/^(Waiting for|Received)/).first()).toBeVisible();
  const { endpoint } = await api.own<Listeners>("listeners");
  const snippet = await page.getByRole("region", { name: "Send a segment" }).textContent();
  expect(snippet).toContain(endpoint);
  // The page may be served by another than the server itself: then that one is asked.
  const script = snippet?.replace(endpoint, new URL(baseURL ?? "").origin);
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", `${script}\necho; echo "$TRACE"`]);
  const [answer = "", trace = ""] = stdout.trim().split("\n");
  expect(JSON.parse(answer)).toEqual({ UnprocessedTraceSegments: [] });
  await expect(page.getByText(/^Received/).first()).toBeVisible();
  await expect(page.getByRole("link", { name: trace })).toHaveAttribute("href", new RegExp(`/traces/${trace}`));
  await axe(page);
  await page.getByRole("button", { name: "Wait for another" }).click();
  await expect(page.getByRole("link", { name: trace })).toHaveCount(0);
});

test("what came in and became no trace is told with its mend", async ({ page, open, axe, api }) => {
  const answered = page.waitForResponse("**/_fluoro/doctor");
  await open("start");
  await answered;
  await page.waitForResponse("**/_fluoro/doctor");
  const sent = await api.ask("/TraceSegments", {
    method: "POST",
    headers: { "User-Agent": `start-test/${Date.now().toString(36)}` },
    body: JSON.stringify({ TraceSegmentDocuments: ['{"name":"shop"}'] }),
  });
  expect(sent.status).toBe(200);
  await expect(page.getByText("Something came in, but became no trace")).toBeVisible();
  await expect(page.getByText(/start-test.*MissingId|start-test.*MissingTraceId/)).toBeVisible();
  await axe(page);
  await page.getByRole("link", { name: "Ask the doctor" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Doctor" })).toBeVisible();
});
