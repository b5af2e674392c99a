// Functions: found, looked at, traced, invoked.

import { getFunctionConfiguration } from "../src/api/aws";
import { expect, iam, test } from "./deployed";

test("the list has each function with its setup", async ({ page, open, deployed }) => {
  await open("functions");
  await page.getByRole("searchbox", { name: "Find functions" }).fill(deployed.functionName);
  const row = page.getByRole("row").filter({ hasText: deployed.functionName });
  for (const told of ["python3.12", "app.handler", "Off", "128 MB", "15 s"]) await expect(row).toContainText(told);
  await row.getByRole("link", { name: deployed.functionName }).click();
  await expect(page.getByRole("heading", { level: 1, name: deployed.functionName })).toBeVisible();
});

test("a search of the list goes with the page's own link", async ({ page, open, deployed }) => {
  await open("functions");
  const search = page.getByRole("searchbox", { name: "Find functions" });
  await search.pressSequentially(deployed.functionName);
  await expect(page).toHaveURL(/q=/);
  await page.getByRole("navigation", { name: "Side navigation" }).getByRole("link", { name: "Functions" }).click();
  await expect(page).not.toHaveURL(/q=/);
  await expect(search).toHaveValue("");
  await expect(page.getByRole("row").nth(2)).toBeVisible();
});

test("its code is shown", async ({ page, open, deployed }) => {
  await open(`functions/${deployed.functionName}`);
  await expect(page.getByRole("region", { name: "app.py" })).toContainText("nobody is to be greeted");
});

test("active tracing is switched, and the role is mended", async ({ page, open, api, deployed }) => {
  const name = deployed.functionName;
  await open(`functions/${name}?tab=configuration`);
  const warning = page.getByText(`Role ${deployed.role} may not write traces`);
  const tracing = page.getByRole("checkbox", { name: "Active tracing" });
  await expect(warning).toBeVisible();
  await expect(tracing).toBeDisabled();
  await page.getByRole("button", { name: "Attach AWSXRayDaemonWriteAccess" }).click();
  await expect(page.getByText("AWSXRayDaemonWriteAccess is attached")).toBeVisible();
  await expect(warning).toBeHidden();
  await expect(page.getByText("AWSXRayDaemonWriteAccess", { exact: true })).toBeVisible();
  expect(await iam(api, "ListAttachedRolePolicies", { RoleName: deployed.role })).toContain("AWSXRayDaemonWriteAccess");

  await tracing.click();
  await expect(page.getByText(`Active tracing of ${name} is on`)).toBeVisible();
  expect((await api.call(getFunctionConfiguration, { FunctionName: name })).TracingConfig?.Mode).toBe("Active");

  const PolicyArn = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";
  await iam(api, "DetachRolePolicy", { RoleName: deployed.role, PolicyArn });
  await page.reload();
  await expect(page.getByText("is refused, so its part of each trace is missing")).toBeVisible();
  await tracing.click();
  await expect(page.getByText(`Active tracing of ${name} is off`)).toBeVisible();
  expect((await api.call(getFunctionConfiguration, { FunctionName: name })).TracingConfig?.Mode).toBe("PassThrough");
});

test("its settings are told", async ({ page, open, deployed }) => {
  await open(`functions/${deployed.functionName}?tab=configuration`);
  const variables = page.getByRole("table", { name: "Environment variables" });
  await expect(variables.getByRole("row").filter({ hasText: "GREETING" })).toContainText("hello");
  await expect(page.getByText("AWSLambdaBasicExecutionRole")).toBeVisible();
  await expect(page.getByRole("table", { name: "Triggers" })).toContainText("apigateway.amazonaws.com");
});

test("it is invoked with an event, which is kept", async ({ page, open, deployed }) => {
  await open(`functions/${deployed.functionName}?tab=test`);
  const event = page.getByRole("textbox", { name: "Event JSON" });
  await event.fill('{"name": ');
  await expect(page.getByRole("button", { name: "Invoke" })).toBeDisabled();
  await event.fill('{"name": "ada"}');
  await page.getByRole("textbox", { name: "Save as" }).fill("for-ada");
  await page.getByRole("button", { name: "Save event" }).click();
  await expect(page).toHaveURL(/event=for-ada/);
  await page.getByRole("button", { name: "Invoke" }).click();
  await expect(page.getByText("Succeeded (200)")).toBeVisible();
  await expect(page.getByRole("region", { name: "Response", exact: true })).toContainText("ada");
  await expect(page.getByRole("region", { name: "Log tail" })).toContainText("greeting ada");
  await expect(page.getByText(/^Yes, initialized in/)).toBeVisible();
  await expect(page.getByText("Active tracing is off")).toBeVisible();
  await page.reload();
  await expect(event).toHaveValue('{"name": "ada"}');
  await page.getByRole("button", { name: "Delete event for-ada" }).click();
  await expect(event).toHaveValue(/key1/);
});

test("a failure is shown in its shape, with its trace", async ({ page, open, deployed }) => {
  await open(`functions/${deployed.functionName}?tab=configuration`);
  await page.getByRole("button", { name: "Attach AWSXRayDaemonWriteAccess" }).click();
  await page.getByRole("checkbox", { name: "Active tracing" }).click();
  await page.getByRole("tab", { name: "Test" }).click();
  await page.getByRole("textbox", { name: "Event JSON" }).fill('{"name": "nobody"}');
  await page.getByRole("button", { name: "Invoke" }).click();
  await expect(page.getByText("Failed: Unhandled")).toBeVisible();
  await expect(page.getByText("ValueError").first()).toBeVisible();
  await expect(page.getByRole("region", { name: "Stack trace" })).toContainText("app.py");
  await expect(page.getByText("Complete")).toBeVisible();
  const trace = page.getByRole("table", { name: "Segments and subsegments" });
  await expect(trace.getByRole("row", { name: /Lambda function/ })).toContainText("Fault");
});

test("its log comes as it is written, and is searched", async ({ page, open, api, deployed }) => {
  await open(`functions/${deployed.functionName}?tab=logs`);
  await expect(page.getByText("The function has written nothing")).toBeVisible();
  const invoke = (name: string) =>
    api.ask(`/2015-03-31/functions/${deployed.functionName}/invocations`, {
      method: "POST",
      body: JSON.stringify({ name }),
    });
  await invoke("ada");
  const log = page.getByRole("region", { name: "Log lines" });
  await expect(log.getByText("greeting ada")).toBeVisible();
  await page.getByRole("searchbox", { name: "Find log lines" }).pressSequentially("GREETING");
  await invoke("grace");
  await expect(log.getByRole("listitem")).toHaveCount(2);
  await expect(page).toHaveURL(/q=GREETING/);
  await page.getByRole("button", { name: "Pause" }).click();
  await invoke("alan");
  await page.getByRole("button", { name: "Follow" }).click();
  await expect(log.getByRole("listitem")).toHaveCount(3);
});

test("its environments and its invocations are counted", async ({ page, open, api, deployed }) => {
  await api.ask(`/2015-03-31/functions/${deployed.functionName}/invocations`, { method: "POST", body: "{}" });
  await open(`functions/${deployed.functionName}?tab=monitor`);
  const environments = page.getByRole("table", { name: "Environments alive now" });
  await expect(environments.getByRole("row")).toHaveCount(2);
  await expect(environments.getByRole("row").last()).toContainText("Waiting");
  await expect(page.getByRole("heading", { name: "Invocations a minute" })).toBeVisible();
});

test("a function that is not there is said, with a way on", async ({ page, expectProblem }) => {
  expectProblem(/functions\/nothing/);
  await page.goto("functions/nothing");
  await expect(page.getByText("Function nothing could not be read")).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`the pages of a function are accessible in ${colorScheme}`, async ({ page, open, api, axe, deployed }) => {
    test.slow();
    await page.emulateMedia({ colorScheme });
    await api.ask(`/2015-03-31/functions/${deployed.functionName}/invocations`, { method: "POST", body: "{}" });
    await open("functions");
    await axe(page);
    for (const tab of ["code", "monitor", "logs", "configuration", "test"]) {
      await open(`functions/${deployed.functionName}?tab=${tab}`);
      await axe(page);
    }
    await page.getByRole("button", { name: "Invoke" }).click();
    await expect(page.getByText("Succeeded (200)")).toBeVisible();
    await axe(page);
  });
}
