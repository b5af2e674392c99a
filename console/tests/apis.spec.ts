// APIs: found, looked at, deployed, traced, tried.

import { getDeployments, getStage, getStages } from "../src/api/aws";
import { type Deployed, expect, rulesOf, test } from "./deployed";

const stagePath = ({ apiId, stage }: Deployed, search = "") => `apis/${apiId}/stages/${stage}${search}`;
const GREET = "tab=test&resource=/greet/{name}&method=GET";

test("the list says what is traced, and its search stands in the URL", async ({ page, open, deployed }) => {
  await open("apis");
  await page.getByRole("searchbox", { name: "Find APIs" }).fill(deployed.apiName);
  await expect(page).toHaveURL(new RegExp(`q=${deployed.apiName}`));
  const row = page.getByRole("row").filter({ hasText: deployed.apiId });
  await expect(row.getByText("Off")).toBeVisible();
  await expect(page.getByRole("row")).toHaveCount(2);
  await page.reload();
  await expect(page.getByRole("row")).toHaveCount(2);
  await row.getByRole("link", { name: deployed.apiName }).click();
  await expect(page.getByRole("heading", { level: 1, name: deployed.apiName })).toBeVisible();
});

test("a method is drawn from its request to its response", async ({ page, open, deployed }) => {
  await open(`apis/${deployed.apiId}`);
  const steps = page.getByRole("list", { name: "From the request to the response" });
  await expect(page.getByRole("heading", { name: "GET /greet", exact: true })).toBeVisible();
  await expect(steps.getByRole("button", { name: "Lambda function" })).toContainText(deployed.functionName);
  await expect(steps.getByRole("button", { name: "Integration request" })).toContainText("as it is");

  await page.getByRole("link", { name: "GET /ping" }).click();
  await steps.getByRole("button", { name: "Integration response" }).click();
  await expect(page).toHaveURL(/resource=%2Fping.*step=integration-response/);
  const details = page.getByRole("region", { name: "Integration response", exact: true });
  await expect(details.getByText('{"pong": true}')).toBeVisible();
  await page.reload();
  await expect(details.getByText('{"pong": true}')).toBeVisible();
  await steps.getByRole("button", { name: "Method response" }).click();
  await expect(
    page.getByRole("region", { name: "Method response", exact: true }).getByText("Status 200"),
  ).toBeVisible();
});

test("the function of a method is a click away", async ({ page, open, deployed }) => {
  await open(`apis/${deployed.apiId}`);
  const details = page.getByRole("region", { name: "Lambda function", exact: true });
  await details.getByRole("link", { name: deployed.functionName }).click();
  await expect(page.getByRole("heading", { level: 1, name: deployed.functionName })).toBeVisible();
});

test("tracing is switched on the stage's page", async ({ page, open, api, deployed }) => {
  await open(stagePath(deployed));
  const tracing = page.getByRole("checkbox", { name: "X-Ray tracing" });
  const stage = async () =>
    (await api.call(getStage, { restApiId: deployed.apiId, stageName: deployed.stage })).tracingEnabled;
  await expect(tracing).not.toBeChecked();
  await tracing.click();
  await expect(page.getByText("X-Ray tracing of stage dev is on")).toBeVisible();
  await expect(tracing).toBeChecked();
  expect(await stage()).toBe(true);
  await tracing.click();
  await expect(page.getByText("X-Ray tracing of stage dev is off")).toBeVisible();
  expect(await stage()).toBe(false);
});

test("all stages are switched on the API's settings page", async ({ page, open, api, deployed }) => {
  const body = JSON.stringify({ stageName: "second" });
  await api.ask(`/restapis/${deployed.apiId}/deployments`, { method: "POST", body });
  await open(`apis/${deployed.apiId}`);
  await page.getByRole("button", { name: "API settings" }).click();
  await page.getByRole("checkbox", { name: "X-Ray tracing of all stages" }).click();
  await expect(page.getByText("X-Ray tracing of 2 stages is on")).toBeVisible();
  await expect(page.getByRole("checkbox", { name: "Stage second" })).toBeChecked();
  await page.getByRole("checkbox", { name: "Stage dev" }).click();
  await expect(page.getByText("X-Ray tracing of stage dev is off")).toBeVisible();
  await expect(page.getByRole("checkbox", { name: "X-Ray tracing of all stages" })).not.toBeChecked();
  const { item = [] } = await api.call(getStages, { restApiId: deployed.apiId });
  expect(item.map((stage) => [stage.stageName, stage.tracingEnabled])).toEqual([
    ["dev", false],
    ["second", true],
  ]);
});

test("a deployment is made for a new stage, traced from the start", async ({ page, open, api, deployed }) => {
  await open(`apis/${deployed.apiId}?tab=deployments`);
  await page.getByRole("button", { name: "Deploy API" }).click();
  const dialog = page.getByRole("dialog", { name: "Deploy API" });
  await dialog.getByRole("button", { name: /^Stage/ }).click();
  await page.getByRole("option", { name: "New stage" }).click();
  await expect(dialog.getByRole("button", { name: "Deploy" })).toBeDisabled();
  await dialog.getByRole("textbox", { name: "Stage name" }).fill("live");
  await dialog.getByRole("textbox", { name: "Deployment description" }).fill("the second");
  await dialog.getByRole("button", { name: "Deploy" }).click();
  const row = page.getByRole("row").filter({ hasText: "the second" });
  await expect(row.getByRole("link", { name: "live" })).toBeVisible();
  const stage = await api.call(getStage, { restApiId: deployed.apiId, stageName: "live" });
  expect(stage.tracingEnabled).toBe(true);
  const { item = [] } = await api.call(getDeployments, { restApiId: deployed.apiId });
  expect(item.find((one) => one.id === stage.deploymentId)?.description).toBe("the second");
});

test("a stage that does not trace says so, and is switched on right there", async ({ page, open, deployed }) => {
  await open(stagePath(deployed, `?${GREET}`));
  await page.getByRole("textbox", { name: "Path parameter name" }).fill("ada");
  await page.getByRole("button", { name: "Send request" }).click();
  await expect(page.getByText("X-Ray tracing of stage dev is off")).toBeVisible();
  await page.getByRole("button", { name: "Turn on X-Ray tracing" }).click();
  await expect(page.getByText("Send the request again to get its trace.")).toBeVisible();
  await page.getByRole("button", { name: "Send request" }).click();
  await expect(page.getByText("Complete")).toBeVisible();
});

test("a request is tried, and its link brings it back without its headers", async ({ page, open, deployed }) => {
  await open(`apis/${deployed.apiId}?resource=/greet/{name}&method=GET`);
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await expect(page.getByRole("button", { name: "Send request" })).toBeDisabled();
  await page.getByRole("textbox", { name: "Path parameter name" }).fill("grace");
  await page.getByRole("textbox", { name: "Headers" }).fill("Host: elsewhere");
  await expect(page.getByText("A browser does not let a page set Host")).toBeVisible();
  await page.getByRole("textbox", { name: "Headers" }).fill("X-Secret: 7");
  await page.getByRole("button", { name: "Send request" }).click();
  await expect(page.getByRole("region", { name: "Response body" })).toContainText('"hello": "grace"');
  await page.getByRole("button", { name: /^Response headers/ }).click();
  await expect(page.getByRole("region", { name: "Response headers" })).toContainText("x-greeted: grace");
  expect(page.url()).not.toContain("Secret");
  await page.reload();
  await expect(page.getByRole("textbox", { name: "Path parameter name" })).toHaveValue("grace");
  await expect(page.getByRole("textbox", { name: "Headers" })).toHaveValue("");
});

test("the trace of a failure is found, although the gateway's error does not name it", async ({
  page,
  open,
  deployed,
  expectProblem,
}) => {
  expectProblem(/greet\/nobody/);
  await open(stagePath(deployed));
  await page.getByRole("checkbox", { name: "X-Ray tracing" }).click();
  await expect(page.getByText("X-Ray tracing of stage dev is on")).toBeVisible();
  await open(stagePath(deployed, `?${GREET}`));
  await page.getByRole("textbox", { name: "Path parameter name" }).fill("nobody");
  await page.getByRole("button", { name: "Send request" }).click();
  await expect(page.getByText("502").first()).toBeVisible();
  await expect(page.getByText("Complete")).toBeVisible();
  const trace = page.getByRole("table", { name: "Segments and subsegments" });
  await expect(trace.getByRole("row", { name: new RegExp(`${deployed.apiName}/dev`) })).toContainText("502");
});

test("an unsampled request says why, and everything of the API is sampled from then on", async ({
  page,
  open,
  api,
  deployed,
}) => {
  await deployed.rule({ rate: 0, reservoir: 0 });
  await open(stagePath(deployed));
  await page.getByRole("checkbox", { name: "X-Ray tracing" }).click();
  await expect(page.getByText("X-Ray tracing of stage dev is on")).toBeVisible();
  await open(stagePath(deployed, `?${GREET}`));
  await page.getByRole("textbox", { name: "Path parameter name" }).fill("ada");
  await page.getByRole("button", { name: "Send request" }).click();
  const hint = page.getByText("This request was not sampled");
  await expect(hint).toBeVisible();
  await expect(page.getByText(`rule test-${deployed.apiId} is the first that fits`)).toBeVisible();
  await page.getByRole("button", { name: `Sample everything of ${deployed.apiName}` }).click();
  await expect(page.getByText("Everything is sampled, by rule")).toBeVisible();
  const made = (await rulesOf(api, deployed.apiId)).find((rule) => rule.FixedRate === 1);
  expect(made).toMatchObject({ HTTPMethod: "*", Host: "*", URLPath: "*" });
  expect(made?.Priority).toBeLessThan(500);
  await page.getByRole("button", { name: "Send request" }).click();
  await expect(hint).toBeHidden();
  await expect(page.getByText("Complete")).toBeVisible();
});

test("a mock answers, too", async ({ page, open, deployed }) => {
  await open(stagePath(deployed, "?tab=test&resource=/ping&method=GET"));
  await page.getByRole("button", { name: "Send request" }).click();
  await expect(page.getByRole("region", { name: "Response body" })).toContainText('"pong": true');
});

test("statistics count every request", async ({ page, open, api, deployed }) => {
  const url = `/_aws/execute-api/${deployed.apiId}/${deployed.stage}`;
  for (const path of ["/greet/ada", "/greet/nobody", "/ping"]) await api.ask(url + path);
  await open(stagePath(deployed, "?tab=statistics"));
  const methods = page.getByRole("table", { name: "Requests by method" });
  await expect(methods.getByRole("row").filter({ hasText: "GET /greet/{name}" })).toContainText("2");
  await expect(methods.getByRole("row").filter({ hasText: "GET /ping" })).toContainText("1");
  await page.getByRole("button", { name: "1h" }).click();
  await expect(page).toHaveURL(/since=1h/);
});

test("what is not there is said, with a way on", async ({ page, deployed, expectProblem }) => {
  expectProblem(/restapis\/nothing/);
  await page.goto("apis/nothing");
  await expect(page.getByText("API nothing could not be read")).toBeVisible();
  await page.goto(`apis/${deployed.apiId}/stages/gone`);
  await expect(page.getByText(`API ${deployed.apiName} has no stage gone`)).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`the pages of an API are accessible in ${colorScheme}`, async ({ page, open, axe, deployed }) => {
    test.slow();
    await page.emulateMedia({ colorScheme });
    for (const path of [
      "apis",
      `apis/${deployed.apiId}`,
      `apis/${deployed.apiId}?tab=stages`,
      `apis/${deployed.apiId}?tab=deployments`,
      `apis/${deployed.apiId}/settings`,
      stagePath(deployed),
    ]) {
      await open(path);
      await axe(page);
    }
    await open(stagePath(deployed));
    await page.getByRole("checkbox", { name: "X-Ray tracing" }).click();
    await expect(page.getByText("X-Ray tracing of stage dev is on")).toBeVisible();
    await open(stagePath(deployed, `?${GREET}`));
    await page.getByRole("textbox", { name: "Path parameter name" }).fill("ada");
    await page.getByRole("button", { name: "Send request" }).click();
    await expect(page.getByText("Complete")).toBeVisible();
    await axe(page);
    await page.getByRole("tab", { name: "Statistics" }).click();
    await expect(page.getByRole("table", { name: "Requests by method" })).toBeVisible();
    await axe(page);
  });
}
