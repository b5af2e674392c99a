// Sampling: rules made, changed and deleted by clicks; what the preview says is what the server says; why requests were
// sampled.

import type { Page } from "@playwright/test";
import {
  createSamplingRule,
  deleteSamplingRule,
  getRestApis,
  getSamplingRules,
  type XRaySamplingRule,
} from "../src/api/aws";
import type { Preview } from "../src/api/fluoro-api";
import type { Decision } from "../src/model/decisions";
import { test as base, expect } from "./fixtures";

interface Fixtures {
  /** A name that no other test has. */
  unique: string;
  /** Calls the example so many times, marked with a header that only this test's rules ask for. */
  traffic: (calls: number) => Promise<void>;
  rule: (name: string) => Promise<XRaySamplingRule | undefined>;
}

const MARK = "x-sampling-test";

const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture needs
  unique: async ({}, use, { workerIndex }) => use(`t${workerIndex}-${Date.now().toString(36)}`),

  traffic: async ({ api, unique }, use) => {
    const { item = [] } = await api.call(getRestApis, {});
    const hello = item.find(({ name }) => name === "hello");
    await use(async (calls) => {
      for (let call = 0; call < calls; call++) {
        const { status } = await api.ask(`/_aws/execute-api/${hello?.id}/Prod/hello`, { headers: { [MARK]: unique } });
        expect(status).toBe(200);
      }
    });
  },

  rule: async ({ api, unique }, use) => {
    const rules = async () => {
      const { SamplingRuleRecords = [] } = await api.call(getSamplingRules, {});
      return SamplingRuleRecords.flatMap(({ SamplingRule }) => SamplingRule ?? []);
    };
    await use(async (name) => (await rules()).find(({ RuleName }) => RuleName === name));
    for (const { RuleName } of await rules()) {
      if (RuleName?.includes(unique)) await api.call(deleteSamplingRule, { RuleName });
    }
  },
});

const RULE = {
  Priority: 40,
  FixedRate: 1,
  ReservoirSize: 0,
  ServiceName: "*",
  ServiceType: "*",
  Host: "*",
  HTTPMethod: "*",
  URLPath: "*",
  ResourceARN: "*",
  Version: 1,
};

/** The value beside a label in a list of labelled values. */
function valued(page: Page, label: string) {
  return page.locator("dt", { hasText: label }).locator("xpath=following-sibling::dd[1]");
}

test("a rule made by clicks is in force, and keeps what its preview said", async ({
  page,
  open,
  axe,
  api,
  unique,
  traffic,
  rule,
}) => {
  await traffic(8);
  await open("sampling");
  await axe(page);
  await page.getByRole("button", { name: "Create rule" }).click();
  await page.getByLabel("Rule name").fill(unique);
  await page.getByLabel("Priority").fill("41");
  await page.getByLabel("Reservoir").fill("0");
  await page.getByLabel("Rate (%)").fill("100");
  await page.getByLabel("HTTP method").fill("get");
  await page.getByRole("button", { name: "Add attribute" }).click();
  await page.getByLabel("Attribute name").fill(MARK);
  await page.getByLabel(`Value of attribute ${MARK}`).fill(unique);

  const asked = { ...RULE, RuleName: unique, Priority: 41, HTTPMethod: "get", Attributes: { [MARK]: unique } };
  const preview = await api.own<Preview>("sampling/preview", { method: "POST", body: { SamplingRule: asked } });
  expect(preview).toMatchObject({ matched: 8, kept: 8 });
  await expect(valued(page, "Would come to this rule")).toContainText("8");
  await expect(valued(page, "Would be kept of them")).toContainText("8 100%");
  await expect(
    page.getByText("The latest that would come to it").locator("..").getByRole("listitem").first(),
  ).toContainText("GET /Prod/hello");
  await axe(page);

  await page.getByRole("button", { name: "Create rule" }).click();
  await expect(page.getByText(`Rule ${unique} is in force`)).toBeVisible();
  expect(await rule(unique)).toMatchObject({ Priority: 41, FixedRate: 1, ReservoirSize: 0, HTTPMethod: "get" });
  await traffic(3);
  const row = page.getByRole("table", { name: "Sampling rules" }).getByRole("row", { name: unique });
  await expect(row).toContainText("0/s, then 100%");
  await expect(row).toContainText("3 in all");
});

test("a rule is changed and deleted", async ({ page, open, axe, api, unique, rule }) => {
  await api.call(createSamplingRule, { SamplingRule: { ...RULE, RuleName: unique, Attributes: { [MARK]: unique } } });
  await rule(unique);
  await open("sampling");
  await page.getByRole("link", { name: unique }).click();
  await expect(page.getByRole("heading", { name: `Sampling rule ${unique}` })).toBeVisible();
  await expect(page.getByLabel("Rule name")).toHaveCount(0);
  await page.getByLabel("Rate (%)").fill("12.5");
  await page.getByLabel("Raise the rate on anomalies").check();
  await page.getByLabel("Highest rate (%)").fill("60");
  await page.getByLabel("Cooldown (minutes)").fill("5");
  await axe(page);
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText(`Rule ${unique} is changed`)).toBeVisible();
  expect(await rule(unique)).toMatchObject({
    FixedRate: 0.125,
    SamplingRateBoost: { MaxRate: 0.6, CooldownWindowMinutes: 5 },
    Attributes: { [MARK]: unique },
  });

  await page.getByRole("radio", { name: unique }).check();
  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog", { name: `Delete rule ${unique}?` });
  await axe(page);
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText(`Rule ${unique} is deleted`)).toBeVisible();
  await expect(page.getByRole("link", { name: unique })).toHaveCount(0);
  expect(await rule(unique)).toBeUndefined();
});

test("a rule that is being written outlives rules that cannot be read again", async ({
  page,
  open,
  unique,
  expectProblem,
}) => {
  expectProblem(/GetSamplingRules was answered 400/);
  expectProblem(/console: Failed to load resource/);
  await open("sampling/new");
  await page.getByLabel("Rule name").fill(unique);
  let asked = 0;
  await page.route("**/GetSamplingRules", (route) => {
    asked += 1;
    return route.fulfill({ status: 400, json: { message: "Not now" } });
  });
  // Who comes back to the tab sees what is there by now.
  const askedAgain = async () => {
    await page.evaluate(() => window.dispatchEvent(new Event("visibilitychange")));
    return asked;
  };
  await expect.poll(askedAgain).toBeGreaterThan(1);
  await expect(page.getByLabel("Rule name")).toHaveValue(unique);
});

test("what cannot be is refused at its field", async ({ page, open, expectProblem, axe, rule, unique }) => {
  await open("sampling/new");
  await page.getByLabel("Rule name").fill(unique);
  await page.getByLabel("Priority").fill("0");
  await expect(page.getByLabel("Priority")).toHaveAccessibleDescription(/Enter a whole number from 1 to 9999/);
  await expect(page.getByText("Mend the rule, and the preview goes on.")).toBeVisible();
  await page.getByRole("button", { name: "Create rule" }).click();
  await expect(page.getByLabel("Priority")).toBeFocused();
  await page.getByLabel("Priority").fill("100");

  // What follows the server says.
  expectProblem(/\/_fluoro\/sampling\/preview/);
  expectProblem(/\/CreateSamplingRule/);
  await page.getByLabel("Host").fill("h".repeat(65));
  await expect(page.getByLabel("Host")).toHaveAccessibleDescription(/Enter at most 64 characters/);
  await axe(page);
  await page.getByRole("button", { name: "Create rule" }).click();
  await expect(page.getByLabel("Host")).toBeFocused();
  await expect(page).toHaveURL(/\/sampling\/new/);
  await page.getByLabel("Host").fill("*");
  await expect(page.getByLabel("Host")).not.toHaveAttribute("aria-invalid", "true");

  await page.getByLabel("Rule name").fill("keep-orders");
  await expect(page.getByLabel("Rule name")).toHaveAccessibleDescription(/A rule with this name exists/);
  await page.getByLabel("Rule name").fill("");
  await page.getByRole("button", { name: "Create rule" }).click();
  await expect(page.getByLabel("Rule name")).toHaveAccessibleDescription(/This cannot be empty/);
  expect(await rule(unique)).toBeUndefined();
});

test("of Default only the amounts can change, and it cannot go", async ({ page, open, axe }) => {
  await open("sampling");
  await page.getByRole("radio", { name: "Default" }).check();
  await expect(page.getByRole("button", { name: "Delete" })).toBeDisabled();
  await page.getByRole("button", { name: "Edit" }).click();
  await expect(page.getByRole("heading", { name: "Sampling rule Default" })).toBeVisible();
  await expect(page.getByLabel("Priority")).toBeDisabled();
  await expect(page.getByLabel("Reservoir")).toBeEnabled();
  await expect(page.getByLabel("URL path")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Delete" })).toHaveCount(0);
  await axe(page);
});

test("a rule that is not there is said not to be", async ({ page, open, axe }) => {
  await open("sampling/no-such-rule");
  await expect(page.getByText("There is no sampling rule no-such-rule")).toBeVisible();
  await axe(page);
});

test("decisions are found and explained", async ({ page, open, axe, api, unique, traffic, rule }) => {
  const never = { ...RULE, RuleName: unique, FixedRate: 0, Priority: 42, Attributes: { [MARK]: unique } };
  await api.call(createSamplingRule, { SamplingRule: never });
  await rule(unique);
  await traffic(2);
  const { requests } = await api.own<{ requests: Decision[] }>(`sampling/why?rule=${unique}`);
  await open("sampling?view=decisions");
  await page.getByRole("button", { name: "Rule that decided" }).click();
  await page.getByRole("option", { name: unique }).click();
  await expect(page).toHaveURL(new RegExp(`rule=${unique}`));
  const table = page.getByRole("table", { name: "Recent decisions" });
  await expect(table.getByRole("row")).toHaveCount(1 + requests.length);
  await expect(table.getByRole("row").nth(1)).toContainText("Not sampled");
  await axe(page);

  await table
    .getByRole("link", { name: "Why GET /Prod/hello was not sampled" })
    .or(table.getByRole("button", { name: "Why GET /Prod/hello was not sampled" }))
    .first()
    .click();
  const dialog = page.getByRole("dialog", { name: "Why this was not sampled" });
  await expect(dialog).toContainText(`attribute ${MARK} ${unique} is ${unique}`);
  await expect(dialog).toContainText("chance at its rate of 0 said no");
  await axe(page);
  await dialog.getByRole("button", { name: "Create a rule for such requests" }).click();
  await expect(page.getByLabel("Service name")).toHaveValue("hello/Prod");
  await expect(page.getByLabel("URL path")).toHaveValue("/Prod/hello");
});

test("filters that fit no decision are cleared", async ({ page, open, axe, traffic }) => {
  await traffic(1);
  await open("sampling?view=decisions&rule=nobodys");
  await expect(page.getByText("No such request is remembered")).toBeVisible();
  await axe(page);
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await expect(page.getByRole("table", { name: "Recent decisions" }).getByRole("row").nth(1)).toBeVisible();
});

test("a sampled request leads to its trace", async ({ page, open, traffic, api }) => {
  await traffic(1);
  const { requests } = await api.own<{ requests: Decision[] }>("sampling/why?sampled=true&limit=1");
  await open(`sampling?view=decisions&id=${requests[0]?.request_id}`);
  await expect(page.getByRole("link", { name: /^Trace of / })).toHaveAttribute(
    "href",
    new RegExp(`/traces/${requests[0]?.trace}`),
  );
});

test("everything of an API is sampled with one button", async ({ page, open, axe, api, unique, rule }) => {
  const made = await api.ask("/restapis", { method: "POST", body: JSON.stringify({ name: unique }) });
  const { id } = (await made.json()) as { id: string };
  const less = { ...RULE, RuleName: `less-${unique}`, FixedRate: 0.1, Priority: 77, ServiceName: `${unique}/*` };
  await api.call(createSamplingRule, { SamplingRule: less });
  await rule(unique);
  await open("sampling");
  await page.getByRole("button", { name: "Sample everything of an API" }).click();
  const dialog = page.getByRole("dialog", { name: "Sample everything of an API" });
  await dialog.getByRole("button", { name: `Sample everything of ${unique}` }).click();
  const row = dialog.getByRole("row", { name: unique });
  await expect(row).toContainText(`Everything is sampled, by rule all-of-${unique}`);
  await axe(page);
  const everything = await rule(`all-of-${unique}`);
  // Before it, and before whatever else may fit: other tests make rules, too.
  expect(everything?.Priority).toBeLessThan(77);
  expect(everything).toMatchObject({
    FixedRate: 1,
    ServiceType: "AWS::ApiGateway::Stage",
    ResourceARN: `arn:aws:apigateway:us-east-1::/restapis/${id}/stages/*`,
  });
  await api.ask(`/restapis/${id}`, { method: "DELETE" });
});
