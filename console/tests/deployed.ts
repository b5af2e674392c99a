// An API and a function of a test's own: traced nowhere, with a role that may not write traces. Afterwards its rules and
// its environments are gone; the API stays, as the lists of other tests may be asking for its stages.

import { randomBytes } from "node:crypto";
import { deleteSamplingRule, getFunctionConfiguration, getSamplingRules, type XRaySamplingRule } from "../src/api/aws";
import { type Api, test as base } from "./fixtures";
import { zip } from "./zip";

export { expect } from "./fixtures";

export interface Deployed {
  readonly apiId: string;
  readonly apiName: string;
  readonly stage: string;
  readonly functionName: string;
  readonly role: string;
  /** Adds a sampling rule for GET of this API alone. */
  rule: (amounts: { rate: number; reservoir: number }) => Promise<void>;
}

const CODE = `
import json

def handler(event, context):
    name = (event.get("pathParameters") or {}).get("name") or event.get("name") or "world"
    print("greeting", name)
    if name == "nobody":
        raise ValueError("nobody is to be greeted")
    return {"statusCode": 200, "headers": {"X-Greeted": name}, "body": json.dumps({"hello": name})}
`;

const STAGE = "dev";

export const test = base.extend<{ deployed: Deployed }>({
  deployed: async ({ api }, use) => {
    const id = randomBytes(4).toString("hex");
    const role = `greeter-role-${id}`;
    const functionName = `greeter-${id}`;
    const roleArn = await makeRole(api, role);
    const functionArn = await makeFunction(api, functionName, roleArn);
    const apiId = await makeApi(api, `greetings-${id}`, functionArn);
    await use({
      apiId,
      apiName: `greetings-${id}`,
      stage: STAGE,
      functionName,
      role,
      rule: (amounts) => makeRule(api, apiId, amounts),
    });
    for (const { RuleName } of await rulesOf(api, apiId))
      await api.call(deleteSamplingRule, RuleName ? { RuleName } : {});
    await api.ask(`/2015-03-31/functions/${functionName}`, { method: "DELETE" });
  },
});

/** Calls IAM, which answers in XML. */
export async function iam(api: Api, action: string, members: Record<string, string>): Promise<string> {
  const body = new URLSearchParams({ Action: action, Version: "2010-05-08", ...members });
  const answer = await api.ask("/", { method: "POST", body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${action} was answered ${answer.status}: ${text}`);
  return text;
}

/** The rules that are about this API's stages. */
export async function rulesOf(api: Api, apiId: string): Promise<XRaySamplingRule[]> {
  const { SamplingRuleRecords = [] } = await api.call(getSamplingRules, {});
  return SamplingRuleRecords.flatMap(({ SamplingRule }) =>
    SamplingRule?.ResourceARN?.includes(`/restapis/${apiId}/`) ? [SamplingRule] : [],
  );
}

async function post(api: Api, path: string, body: unknown, method = "POST"): Promise<Record<string, unknown>> {
  const answer = await api.ask(path, {
    method,
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}

async function makeRole(api: Api, name: string): Promise<string> {
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
  };
  const made = await iam(api, "CreateRole", { RoleName: name, AssumeRolePolicyDocument: JSON.stringify(trust) });
  const PolicyArn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
  await iam(api, "AttachRolePolicy", { RoleName: name, PolicyArn });
  return /<Arn>([^<]+)<\/Arn>/.exec(made)?.[1] ?? "";
}

async function makeFunction(api: Api, name: string, role: string): Promise<string> {
  const made = await post(api, "/2015-03-31/functions", {
    FunctionName: name,
    Role: role,
    Runtime: "python3.12",
    Handler: "app.handler",
    Timeout: 15,
    Environment: { Variables: { GREETING: "hello" } },
    Code: { ZipFile: zip({ "app.py": CODE }) },
  });
  await base.expect
    .poll(async () => (await api.call(getFunctionConfiguration, { FunctionName: name })).State)
    .toBe("Active");
  await post(api, `/2015-03-31/functions/${name}/policy`, {
    StatementId: "api",
    Action: "lambda:InvokeFunction",
    Principal: "apigateway.amazonaws.com",
  });
  return String(made["FunctionArn"]);
}

/** `GET /greet` and `GET /greet/{name}` are the function, `GET /ping` a mock; served at stage `dev`. */
async function makeApi(api: Api, name: string, functionArn: string): Promise<string> {
  const made = await post(api, "/restapis", { name, description: "Greets people" });
  const apiId = String(made["id"]);
  const resources = `/restapis/${apiId}/resources`;
  const below = async (parent: unknown, pathPart: string) =>
    (await post(api, `${resources}/${parent}`, { pathPart }))["id"];
  const root = made["rootResourceId"];
  const greet = await below(root, "greet");
  const greetSomebody = await below(greet, "{name}");
  const ping = await below(root, "ping");
  for (const id of [greet, greetSomebody, ping]) {
    await post(api, `${resources}/${id}/methods/GET`, { authorizationType: "NONE" }, "PUT");
  }
  const uri = `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${functionArn}/invocations`;
  for (const id of [greet, greetSomebody]) {
    const integration = { type: "AWS_PROXY", httpMethod: "POST", uri };
    await post(api, `${resources}/${id}/methods/GET/integration`, integration, "PUT");
  }
  const mock = `${resources}/${ping}/methods/GET`;
  await post(api, `${mock}/responses/200`, { responseModels: { "application/json": "Empty" } }, "PUT");
  const requestTemplates = { "application/json": '{"statusCode": 200}' };
  await post(api, `${mock}/integration`, { type: "MOCK", requestTemplates }, "PUT");
  const responseTemplates = { "application/json": '{"pong": true}' };
  await post(api, `${mock}/integration/responses/200`, { responseTemplates }, "PUT");
  await post(api, `/restapis/${apiId}/deployments`, { stageName: STAGE, description: "the first" });
  return apiId;
}

async function makeRule(api: Api, apiId: string, amounts: { rate: number; reservoir: number }): Promise<void> {
  await post(api, "/CreateSamplingRule", {
    SamplingRule: {
      RuleName: `test-${apiId}`,
      Priority: 500,
      FixedRate: amounts.rate,
      ReservoirSize: amounts.reservoir,
      ServiceName: "*",
      ServiceType: "*",
      Host: "*",
      HTTPMethod: "GET",
      URLPath: "*",
      ResourceARN: `arn:aws:apigateway:us-east-1::/restapis/${apiId}/stages/*`,
      Version: 1,
    },
  });
}
