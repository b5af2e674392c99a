import { expect, test } from "vitest";
import { rowOf } from "../trace-row";
import { completionAt } from "./complete";
import { VocabularyBuilder } from "./vocabulary";

const seen = new VocabularyBuilder();
const row = rowOf({
  Id: "1-a-b",
  StartTime: 1,
  Http: { HttpURL: "https://shop.example/cart", HttpMethod: "GET", HttpStatus: 404 },
  ServiceIds: [
    { Name: "orders/Prod", Type: "AWS::ApiGateway::Stage" },
    { Name: "orders/Prod", Type: "client" },
  ],
  Users: [{ UserName: "ada" }],
  Annotations: {
    tenant: [{ AnnotationValue: { StringValue: "acme" } }, { AnnotationValue: { NumberValue: 7 } }],
    "aws:api_id": [{ AnnotationValue: { StringValue: "x1" } }],
  },
  FaultRootCauses: [
    { Services: [{ Name: "orders/Prod", EntityPath: [{ Exceptions: [{ Name: "TimeoutError", Message: "slow" }] }] }] },
  ],
});
if (row) seen.add([row]);
const vocabulary = seen.vocabulary(["slow"]);

/** What is offered where `|` stands. */
function offered(marked: string): readonly string[] {
  const cursor = marked.indexOf("|");
  const expression = marked.slice(0, cursor) + marked.slice(cursor + 1);
  return completionAt(expression, cursor, vocabulary).options.map(({ label }) => label);
}

/** The expression once the first option is chosen. */
function completed(marked: string): string {
  const cursor = marked.indexOf("|");
  const expression = marked.slice(0, cursor) + marked.slice(cursor + 1);
  const { from, to, options } = completionAt(expression, cursor, vocabulary);
  return expression.slice(0, from) + (options[0]?.insert ?? "") + expression.slice(to);
}

test("where a clause begins, keywords and the annotations seen are offered", () => {
  expect(offered("|")).toEqual(
    expect.arrayContaining(["fault", "service(", "annotation.tenant", 'annotation["aws:api_id"]', "group.name"]),
  );
  expect(offered("fault AND resp|")).toEqual([
    "responsetime",
    "rootcause.responsetime.service",
    "rootcause.responsetime.entity",
  ]);
  expect(offered("|")).not.toContain("coverage");
});

test("a word is completed as a whole, and what stands behind it stays", () => {
  expect(completed("http.st|at AND ok")).toBe("http.status  AND ok");
  expect(completed("ok AND annotation.te|")).toBe("ok AND annotation.tenant ");
});

test("a value alone is found as a clause", () => {
  expect(offered("ada|")).toEqual(['user = "ada"']);
  expect(offered("acm|")).toEqual(['annotation.tenant = "acme"']);
  expect(offered("prod|")).toEqual(['service("orders/Prod")']);
});

test("after a keyword its operators are offered, and what may follow it", () => {
  expect(offered("http.url |")).toEqual(["=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH", "AND", "OR"]);
  expect(offered("responsetime |")).toEqual(["=", "!=", ">", ">=", "<", "<=", "AND", "OR"]);
  expect(offered("http.url con|")).toEqual(["CONTAINS"]);
  expect(offered("group.name |")).toEqual(["=", "!="]);
});

test("after an operator the values seen are offered", () => {
  expect(offered("http.method = |")).toEqual(['"GET"']);
  expect(offered("http.status >= |")).toEqual(["404"]);
  expect(offered("annotation.tenant = |")).toEqual(['"acme"', "7"]);
  expect(offered("fault = |")).toEqual(["true", "false"]);
  expect(offered('group.name = "s|')).toEqual(['"slow"']);
});

test("within quotes the cursor's part is replaced, closed or not", () => {
  expect(completed('http.url CONTAINS "car|')).toBe('http.url CONTAINS "https://shop.example/cart" ');
  expect(completed('user = "a|" AND ok')).toBe('user = "ada"  AND ok');
});

test("services are offered in parentheses, and their parts", () => {
  expect(offered("service(|")).toEqual(['"orders/Prod"', "id(", ")"]);
  expect(offered('edge("orders/Prod", |')).toEqual(['"orders/Prod"', "id("]);
  expect(offered('edge("orders/Prod"|')).toEqual([","]);
  expect(offered('service("orders/Prod" |')).toEqual([")"]);
  expect(offered("service(id(|")).toEqual(["name:", "type:", "account.id:"]);
  expect(offered("service(id(type: |")).toEqual(['"AWS::ApiGateway::Stage"']);
});

test("in braces only what is legal there is offered", () => {
  const inService = offered('service("a") { |');
  expect(inService).toEqual(expect.arrayContaining(["root", "name", "annotation.tenant"]));
  expect(inService).not.toContain("service(");
  expect(offered("edge() { |")).toEqual(
    expect.arrayContaining(["source.annotation.tenant", "destination.annotation.tenant"]),
  );
  expect(offered("rootcause.fault.exception { name = |")).toEqual(['"TimeoutError"']);
  expect(offered("rootcause.fault.exception { message = |")).toEqual(['"slow"']);
  expect(offered('service("a") { fault |')).toEqual(expect.arrayContaining(["}", "AND"]));
  expect(offered('service("a") |')[0]).toBe("{");
});

test("nothing is offered where nothing is known to fit", () => {
  expect(offered("nonsense = |")).toEqual([]);
  expect(offered("responsetime > |")).toEqual([]);
});
