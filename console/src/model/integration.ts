// What answers a method: the five steps from its request to its response, each with what it really has.

import type { GatewayIntegration, GatewayMethod } from "../api/aws";

export const STEP_IDS = [
  "method-request",
  "integration-request",
  "integration",
  "integration-response",
  "method-response",
] as const;

export type StepId = (typeof STEP_IDS)[number];

/** One thing that a step has. Several lines are a template or a list. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly form?: "code" | "function" | "url";
}

/** Facts about the same: all of a status code, say. */
export interface FactGroup {
  readonly title: string;
  readonly facts: readonly Fact[];
}

export interface Step {
  readonly id: StepId;
  readonly title: string;
  /** What the drawing says of it. */
  readonly summary: string;
  /** Why it has nothing of its own, when it has not. */
  readonly note?: string;
  readonly groups: readonly FactGroup[];
}

const KINDS: Readonly<Record<NonNullable<GatewayIntegration["type"]>, string>> = {
  AWS_PROXY: "Lambda proxy integration",
  HTTP_PROXY: "HTTP proxy integration",
  AWS: "AWS service integration",
  HTTP: "HTTP integration",
  MOCK: "Mock integration",
};

/** The name of the function that an integration calls; with stage variables in it, as it stands. */
export function functionOf(uri: string | undefined): string | undefined {
  const arn = uri && /:lambda:path\/[^/]*\/functions\/(.+)\/invocations$/.exec(uri)?.[1];
  return arn ? functionName(arn) : undefined;
}

/** The name in a function's ARN, or the name itself. */
export function functionName(arn: string): string {
  return /:function:([^:]+)/.exec(arn)?.[1] ?? arn;
}

/** What kind of integration it is, and whom it calls, in a line. */
export function describeIntegration(integration: GatewayIntegration | undefined): string {
  if (!integration?.type) return "No integration";
  const target = functionOf(integration.uri) ?? integration.uri;
  return target ? `${KINDS[integration.type]}: ${target}` : KINDS[integration.type];
}

export function stepsOf(method: GatewayMethod): Step[] {
  const integration = method.methodIntegration;
  return [
    methodRequest(method),
    integrationRequest(integration),
    target(integration),
    integrationResponse(integration),
    methodResponse(method),
  ];
}

function methodRequest(method: GatewayMethod): Step {
  const parameters = Object.entries(method.requestParameters ?? {});
  const authorization = method.authorizationType ?? "NONE";
  return {
    id: "method-request",
    title: "Method request",
    summary: authorization === "NONE" ? "Authorization: none" : `Authorization: ${authorization}`,
    groups: groups([
      group("Settings", [
        { label: "Authorization", value: authorization },
        { label: "API key required", value: method.apiKeyRequired ? "Yes" : "No" },
        ...optional("Operation name", method.operationName),
        ...optional("Authorization scopes", method.authorizationScopes?.join("\n")),
      ]),
      group(
        "Request parameters",
        parameters.map(([name, required]) => ({ label: name, value: required ? "Required" : "Optional" })),
      ),
      group("Request body", pairs(method.requestModels)),
    ]),
  };
}

function integrationRequest(integration: GatewayIntegration | undefined): Step {
  const templates = Object.keys(integration?.requestTemplates ?? {}).length;
  const parameters = Object.keys(integration?.requestParameters ?? {}).length;
  const mapped = [counted(parameters, "parameter"), counted(templates, "template")].filter(Boolean).join(", ");
  return {
    id: "integration-request",
    title: "Integration request",
    summary: mapped ? `Maps ${mapped}` : passes(integration, "request"),
    ...note(integration, "The whole request goes to the integration as it came."),
    groups: groups([
      group("Settings", [
        ...optional("Integration type", integration?.type && KINDS[integration.type]),
        ...optional("HTTP method", integration?.httpMethod),
        ...optional("Body without a template", integration?.passthroughBehavior),
        ...optional("Content handling", integration?.contentHandling),
        ...optional("Timeout", integration?.timeoutInMillis ? `${integration.timeoutInMillis} ms` : undefined),
        ...optional("Credentials", integration?.credentials),
      ]),
      group("Request parameters", pairs(integration?.requestParameters)),
      group("Mapping templates", code(integration?.requestTemplates)),
    ]),
  };
}

function target(integration: GatewayIntegration | undefined): Step {
  const name = functionOf(integration?.uri);
  const web = integration?.type === "HTTP" || integration?.type === "HTTP_PROXY";
  const uri = integration?.uri;
  return {
    id: "integration",
    title: name ? "Lambda function" : integration?.type === "MOCK" ? "Mock" : web ? "HTTP endpoint" : "Integration",
    summary:
      name ?? uri ?? (integration?.type === "MOCK" ? "Answers by templates alone" : "None: it cannot be deployed"),
    groups: groups([
      group("Target", [
        ...(name ? [{ label: "Function", value: name, form: "function" as const }] : []),
        ...(uri
          ? [{ label: web ? "Endpoint URL" : "URI", value: uri, form: web ? ("url" as const) : ("code" as const) }]
          : []),
        ...optional("Connection", integration?.connectionType),
      ]),
    ]),
    ...(integration?.type === "MOCK"
      ? { note: "No backend is called: the integration's templates make the answer." }
      : {}),
  };
}

function integrationResponse(integration: GatewayIntegration | undefined): Step {
  const responses = Object.entries(integration?.integrationResponses ?? {});
  return {
    id: "integration-response",
    title: "Integration response",
    summary: responses.length
      ? `Maps to ${responses.map(([status]) => status).join(", ")}`
      : passes(integration, "response"),
    ...note(integration, "What the integration answers goes to the client as it is."),
    groups: groups(
      responses.map(([status, response]) =>
        group(`Status ${status}`, [
          { label: "Selected by", value: response.selectionPattern || "Default: whatever no other pattern matches" },
          ...pairs(response.responseParameters),
          ...code(response.responseTemplates),
        ]),
      ),
    ),
  };
}

function methodResponse(method: GatewayMethod): Step {
  const responses = Object.entries(method.methodResponses ?? {});
  return {
    id: "method-response",
    title: "Method response",
    summary: responses.length
      ? `Declares ${responses.map(([status]) => status).join(", ")}`
      : passes(method.methodIntegration, "response"),
    ...(responses.length ? {} : { note: "No response is declared." }),
    groups: groups(
      responses.map(([status, response]) =>
        group(`Status ${status}`, [
          ...Object.keys(response.responseParameters ?? {}).map((name) => ({ label: "Header", value: name })),
          ...pairs(response.responseModels),
        ]),
      ),
    ),
  };
}

function isProxy(integration: GatewayIntegration | undefined): boolean {
  return integration?.type === "AWS_PROXY" || integration?.type === "HTTP_PROXY";
}

function passes(integration: GatewayIntegration | undefined, what: "request" | "response"): string {
  if (!integration?.type) return "None";
  return isProxy(integration) ? `Proxy: the ${what} as it is` : "Nothing is mapped";
}

function note(integration: GatewayIntegration | undefined, text: string): { note?: string } {
  return isProxy(integration) ? { note: text } : {};
}

function group(title: string, facts: readonly Fact[]): FactGroup {
  return { title, facts };
}

/** Those that have something. */
function groups(all: readonly FactGroup[]): FactGroup[] {
  return all.filter((one) => one.facts.length > 0);
}

function optional(label: string, value: string | undefined): Fact[] {
  return value ? [{ label, value }] : [];
}

function pairs(map: Readonly<Record<string, string>> | undefined): Fact[] {
  return Object.entries(map ?? {}).map(([label, value]) => ({ label, value }));
}

function code(map: Readonly<Record<string, string>> | undefined): Fact[] {
  return pairs(map).map((fact) => ({ ...fact, form: "code" as const }));
}

function counted(count: number, what: string): string {
  if (count === 0) return "";
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}
