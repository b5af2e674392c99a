// Events with which a function is tried: templates, and what somebody saved for it in this browser.

export interface TestEvent {
  readonly name: string;
  /** JSON, as it was written. */
  readonly text: string;
}

const HELLO = { key1: "value1", key2: "value2", key3: "value3" };

// Keys as the gateway's proxy integration sends them. Source: API Gateway developer guide, payload format 1.0.
const PROXY = {
  resource: "/{proxy+}",
  path: "/path/to/resource",
  httpMethod: "POST",
  headers: { Accept: "application/json", "Content-Type": "application/json", Host: "127.0.0.1" },
  multiValueHeaders: { Accept: ["application/json"], "Content-Type": ["application/json"], Host: ["127.0.0.1"] },
  queryStringParameters: { foo: "bar" },
  multiValueQueryStringParameters: { foo: ["bar"] },
  pathParameters: { proxy: "path/to/resource" },
  stageVariables: null,
  requestContext: {
    accountId: "000000000000",
    apiId: "1234567890",
    httpMethod: "POST",
    identity: { sourceIp: "127.0.0.1", userAgent: "Fluoro console" },
    path: "/Prod/path/to/resource",
    protocol: "HTTP/1.1",
    requestId: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    requestTimeEpoch: 1_428_582_896_000,
    resourceId: "123456",
    resourcePath: "/{proxy+}",
    stage: "Prod",
  },
  body: '{"hello": "world"}',
  isBase64Encoded: false,
};

export const TEMPLATES: readonly TestEvent[] = [
  { name: "hello-world", text: JSON.stringify(HELLO, null, 2) },
  { name: "apigateway-aws-proxy", text: JSON.stringify(PROXY, null, 2) },
];

/** What was kept, however it came there. */
export function readEvents(kept: string | null): TestEvent[] {
  try {
    const read: unknown = JSON.parse(kept ?? "[]");
    if (!Array.isArray(read)) return [];
    return read.flatMap((one: unknown) => {
      const { name, text } = (one ?? {}) as Partial<Record<keyof TestEvent, unknown>>;
      return typeof name === "string" && name && typeof text === "string" ? [{ name, text }] : [];
    });
  } catch {
    return [];
  }
}

/** With this event, in the place of the one of its name; by name. */
export function withEvent(events: readonly TestEvent[], event: TestEvent): TestEvent[] {
  return [...withoutEvent(events, event.name), event].sort((a, b) => a.name.localeCompare(b.name));
}

export function withoutEvent(events: readonly TestEvent[], name: string): TestEvent[] {
  return events.filter((one) => one.name !== name);
}

/** Why an event cannot have this name; undefined when it can. */
export function nameProblem(name: string): string | undefined {
  if (!name.trim()) return "Give the event a name.";
  if (!/^[\w.-]{1,25}$/.test(name)) return "Up to 25 letters, digits, dots, hyphens and underscores.";
  if (TEMPLATES.some((template) => template.name === name)) return "A template has this name already.";
  return undefined;
}
