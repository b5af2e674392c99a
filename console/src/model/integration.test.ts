import { expect, test } from "vitest";
import type { GatewayMethod } from "../api/aws";
import { describeIntegration, functionName, functionOf, type StepId, stepsOf } from "./integration";

const URI =
  "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:orders/invocations";

function step(method: GatewayMethod, id: StepId) {
  const found = stepsOf(method).find((one) => one.id === id);
  if (!found) throw new Error(`there is no step ${id}`);
  return found;
}

function fact(method: GatewayMethod, id: StepId, label: string): string | undefined {
  const facts = step(method, id).groups.flatMap((group) => group.facts);
  return facts.find((one) => one.label === label)?.value;
}

test("the function of an integration is found in its URI", () => {
  expect(functionOf(URI)).toBe("orders");
  expect(functionOf(URI.replace("orders", "orders:live"))).toBe("orders");
  expect(functionOf(URI.replace("orders", `\${stageVariables.fn}`))).toBe(`\${stageVariables.fn}`);
  expect(functionOf("https://example.test/functions/x/invocations")).toBeUndefined();
  expect(functionOf(undefined)).toBeUndefined();
  expect(functionName("orders")).toBe("orders");
});

test("an integration is described in a line", () => {
  expect(describeIntegration({ type: "AWS_PROXY", uri: URI })).toBe("Lambda proxy integration: orders");
  expect(describeIntegration({ type: "MOCK" })).toBe("Mock integration");
  expect(describeIntegration(undefined)).toBe("No integration");
});

test("a proxy passes request and response on as they are", () => {
  const method: GatewayMethod = { methodIntegration: { type: "AWS_PROXY", uri: URI, httpMethod: "POST" } };
  expect(step(method, "integration-request").summary).toBe("Proxy: the request as it is");
  expect(step(method, "integration-request").note).toContain("as it came");
  expect(step(method, "integration-response").groups).toEqual([]);
  expect(step(method, "integration").title).toBe("Lambda function");
  expect(fact(method, "integration", "Function")).toBe("orders");
  expect(step(method, "method-response").note).toBe("No response is declared.");
});

test("a mock shows its templates, its patterns and what it declares", () => {
  const method: GatewayMethod = {
    requestParameters: { "method.request.querystring.q": true, "method.request.header.X-A": false },
    methodResponses: {
      200: {
        responseParameters: { "method.response.header.X-B": true },
        responseModels: { "application/json": "Empty" },
      },
    },
    methodIntegration: {
      type: "MOCK",
      requestTemplates: { "application/json": '{"statusCode": 200}' },
      integrationResponses: {
        200: { statusCode: "200", responseTemplates: { "application/json": "{}" } },
        404: { statusCode: "404", selectionPattern: "4\\d\\d" },
      },
    },
  };
  expect(fact(method, "method-request", "method.request.querystring.q")).toBe("Required");
  expect(fact(method, "method-request", "method.request.header.X-A")).toBe("Optional");
  expect(step(method, "integration-request").summary).toBe("Maps 1 template");
  expect(step(method, "integration-response").groups.map((group) => group.title)).toEqual(["Status 200", "Status 404"]);
  expect(fact(method, "integration-response", "Selected by")).toContain("Default");
  expect(step(method, "integration-response").note).toBeUndefined();
  expect(fact(method, "method-response", "Header")).toBe("method.response.header.X-B");
});

test("a method without an integration says that it cannot be deployed", () => {
  expect(step({}, "integration").summary).toBe("None: it cannot be deployed");
  expect(step({}, "method-request").summary).toBe("Authorization: none");
});
