// Doctor: a client's refused document, with how to mend it; filters in the URL; what is told beside clients.

import type { Report } from "../src/model/doctor";
import { expect, test } from "./fixtures";

const NOW = Math.floor(Date.now() / 1000);
const TRACE = `1-${NOW.toString(16)}-${"ab".repeat(12)}`;
const SOUND = { trace_id: TRACE, id: "53995c3f42cd8ad8", name: "shop", start_time: NOW, end_time: NOW + 0.1 };

test("a refused document is told with its cause and its mend", async ({ page, open, api, axe }) => {
  const client = `doctor-test/${Date.now().toString(36)}`;
  const documents = [SOUND, { ...SOUND, id: "no id" }, { ...SOUND, id: "not hex either" }].map((one) =>
    JSON.stringify(one),
  );
  const sent = await api.ask("/TraceSegments", {
    method: "POST",
    headers: { "User-Agent": client },
    body: JSON.stringify({ TraceSegmentDocuments: documents }),
  });
  expect(sent.status).toBe(200);

  await open("doctor");
  await page.getByRole("searchbox", { name: "Find a client" }).fill(client);
  await expect(page).toHaveURL(/client=doctor-test/);
  const rows = page.getByRole("table", { name: "Clients" }).getByRole("row");
  await expect(rows).toHaveCount(2);
  const row = rows.nth(1);
  await expect(row).toContainText("PutTraceSegments");
  await expect(row).toContainText("2 refused");
  await expect(row).toContainText("InvalidId. Give each segment and subsegment an id of 16 hex digits.");
  await expect(row.getByRole("cell").last()).toHaveText("3");
  await axe(page);

  await page.getByRole("button", { name: "What became of documents" }).click();
  await page.getByRole("option", { name: "Refused" }).click();
  await expect(page).toHaveURL(/class=refused/);
  await expect(row).toContainText(client);
  await page.reload();
  await expect(row).toContainText(client);
  await page.getByRole("button", { name: "What became of documents" }).click();
  await page.getByRole("option", { name: "Dropped" }).click();
  await expect(page.getByText("No client fits the filter")).toBeVisible();
  await page.getByRole("button", { name: "Clear the filter" }).click();
  await expect(rows.nth(2)).toBeVisible();
  // The verdict over all of them, as bad as the worst.
  await expect(page.getByText(/attention: some documents were lost/)).toBeVisible();
});

test("the page tells what the server tells", async ({ page, open, api, axe }) => {
  await open("doctor");
  const { lines, without_effect } = await api.own<Report>("doctor");
  // As many clients as there were a moment ago: other tests add theirs, and none goes.
  const clients = new Set(lines.map(({ door, client }) => `${door} ${client}`));
  const told = async () =>
    /\((\d+)\)/.exec((await page.getByRole("heading", { name: /^Clients/ }).textContent()) ?? "");
  await expect.poll(async () => Number((await told())?.[1])).toBeGreaterThanOrEqual(clients.size);
  await expect(page.getByRole("heading", { name: "Held by the server" })).toBeVisible();
  await expect(page.getByRole("table", { name: "Settings without effect" })).toHaveCount(
    without_effect.length > 0 ? 1 : 0,
  );
  await axe(page);
});

test("settings in vain and daemons elsewhere are told", async ({ page, open, axe, api }) => {
  const totals = { received: 12, sent: 9, spilled_over: 3, rejected: 0, connection_errors: 1, latest: NOW };
  const without_effect = [
    { of: "stage dev of API abc in us-east-1", setting: "cache 0.5", meaning: "nothing is cached" },
  ];
  const report = await api.own<Report>("doctor");
  const json = { ...report, without_effect, daemons: [{ sender: "host-7", totals }] };
  await page.route("**/_fluoro/doctor", (route) => route.fulfill({ json }));
  await open("doctor");
  await expect(page.getByRole("table", { name: "Settings without effect" })).toContainText("nothing is cached");
  const daemon = page.getByRole("table", { name: "X-Ray daemons elsewhere" }).getByRole("row", { name: /host-7/ });
  await expect(daemon).toContainText("Lost 3 segments");
  await axe(page);
});

test("a server that nothing was sent to teaches how", async ({ page, open, axe }) => {
  await page.route("**/_fluoro/doctor", (route) =>
    route.fulfill({
      json: {
        lines: [],
        held: { traces: 0, documents: 0, memory_bytes: 0, cache_bytes: 0 },
        without_effect: [],
        daemons: [],
      },
    }),
  );
  await open("doctor");
  await expect(page.getByText("Nothing has come in yet").first()).toBeVisible();
  await axe(page);
  await page.getByRole("link", { name: "How to send traces" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "Send traces" })).toBeVisible();
});
