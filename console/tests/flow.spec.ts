// The walk that a user of traced APIs takes, with nothing but clicks: from an API and a function that nobody traces to the
// function's node in a trace, and to an API of which everything is sampled.

import { batchGetTraces, getFunctionConfiguration, getStage } from "../src/api/aws";
import { readDocument } from "../src/model/trace/documents";
import { formatDuration, seconds } from "../src/model/units";
import { expect, iam, rulesOf, test } from "./deployed";

test("tracing on, a request, its trace, the function's node, everything sampled", async ({
  page,
  open,
  api,
  deployed,
}) => {
  test.slow();
  const { apiId, apiName, functionName, role, stage } = deployed;
  // One request a second, and nothing else: whatever the other rules of this server are.
  await deployed.rule({ rate: 0, reservoir: 1 });
  const pages = page.getByRole("navigation", { name: "Side navigation" });
  const visit = async (list: string, name: string) => {
    await pages.getByRole("link", { name: list, exact: true }).click();
    await page.getByRole("row").getByRole("link", { name, exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  };
  await open("");

  // The stage's switch.
  await visit("APIs", apiName);
  await page.getByRole("tab", { name: "Stages" }).click();
  await page.getByRole("link", { name: stage, exact: true }).click();
  await page.getByRole("checkbox", { name: "X-Ray tracing" }).click();
  await expect(page.getByText(`X-Ray tracing of stage ${stage} is on`)).toBeVisible();
  expect((await api.call(getStage, { restApiId: apiId, stageName: stage })).tracingEnabled).toBe(true);

  // The function's, for which its role needs a permission.
  await visit("Functions", functionName);
  await page.getByRole("tab", { name: "Configuration" }).click();
  await page.getByRole("button", { name: "Attach AWSXRayDaemonWriteAccess" }).click();
  await page.getByRole("checkbox", { name: "Active tracing" }).click();
  await expect(page.getByText(`Active tracing of ${functionName} is on`)).toBeVisible();
  expect(await iam(api, "ListAttachedRolePolicies", { RoleName: role })).toContain("AWSXRayDaemonWriteAccess");
  const configuration = await api.call(getFunctionConfiguration, { FunctionName: functionName });
  expect(configuration.TracingConfig?.Mode).toBe("Active");

  // A request, and its trace.
  await visit("APIs", apiName);
  await page.getByRole("link", { name: /^GET \/greet(,|$)/ }).click();
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByRole("button", { name: "Send request" }).click();
  await expect(page.getByRole("region", { name: "Response body" })).toContainText('"hello": "world"');
  await expect(page.getByText("Complete", { exact: true })).toBeVisible();
  await page.getByRole("link", { name: /^Open trace/ }).click();
  await expect(page).toHaveURL(/\/traces\/1-/);
  const id = /1-[0-9a-f]{8}-[0-9a-f]{24}/.exec(page.url())?.[0] ?? "";

  // The function's node: what it says is what the service has.
  await page.getByRole("tab", { name: "Map" }).click();
  const map = page.getByRole("region", { name: "Map of this trace" });
  const node = map.getByRole("button", { name: `${functionName}, Lambda function` });
  await expect(node).toHaveAccessibleName(/1 request, all ok, [\d.]+ (µs|ms|s) on average$/);
  await node.click();
  const row = page.getByRole("list", { name: "Rows of the timeline" }).getByRole("listitem");
  const { Traces = [] } = await api.call(batchGetTraces, { TraceIds: [id] });
  const documents = (Traces[0]?.Segments ?? []).flatMap((segment) => readDocument(segment.Document ?? "") ?? []);
  const segment = documents.find((document) => document.origin === "AWS::Lambda::Function");
  expect(segment?.name).toBe(functionName);
  const took = seconds((segment?.end_time ?? Number.NaN) - (segment?.start_time ?? 0));
  for (const told of [`${functionName} (Lambda function)`, "OK", formatDuration(took)]) {
    await expect(row).toContainText(told);
  }

  // Everything of the API.
  await visit("APIs", apiName);
  await page.getByRole("button", { name: `Sample everything of ${apiName}` }).click();
  await expect(page.getByText("Everything is sampled, by rule")).toBeVisible();
  const rule = (await rulesOf(api, apiId)).find((one) => one.FixedRate === 1);
  expect(rule).toMatchObject({ HTTPMethod: "*", URLPath: "*", Host: "*" });
  for (let request = 0; request < 20; request++) {
    const answer = await api.ask(`/_aws/execute-api/${apiId}/${stage}/greet`);
    expect(answer.headers.get("X-Amzn-Trace-Id")).toContain("Sampled=1");
  }
});
