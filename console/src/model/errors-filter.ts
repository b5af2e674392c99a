// The filter expressions that find failed traces, all of them or those of a group (docs/filters.md).

import { type ErrorKind, type FailureGroup, messagePattern, type PathService } from "./errors";
import { quoted } from "./filter/lex";
import { LONGEST_FILTER } from "./graph-filter";

/** All traces that failed for their client; with those, on demand, in which somebody got over a failure. */
export function failedTracesFilter(withHandled: boolean): string {
  const failed = "fault OR error OR throttle";
  return withHandled ? `${failed} OR rootcause.fault.service OR rootcause.error.service` : failed;
}

/** The traces of a group. As exact as the length of a filter allows. */
export function groupFilter(group: FailureGroup): string {
  const written = (["entities", "services", "nothing"] as const).map((detail) =>
    [...ended(group), ...pathConditions(group, detail), ...exceptionConditions(group, detail)].join(" AND "),
  );
  return written.find((filter) => filter.length <= LONGEST_FILTER) ?? written.at(-1) ?? "";
}

/** As statistics count: each once, throttled before faulty before in error. */
const ENDED: Readonly<Record<ErrorKind, string>> = {
  throttle: "throttle",
  fault: "fault AND !throttle",
  error: "error AND !fault",
};

type Detail = "entities" | "services" | "nothing";

function ended(group: FailureGroup): readonly string[] {
  return group.isHandled ? [] : [ENDED[group.kind]];
}

function pathConditions({ path, rootCause, status }: FailureGroup, detail: Detail): readonly string[] {
  if (!rootCause) {
    const [entry] = path;
    return [
      "!rootcause.fault.service",
      "!rootcause.error.service",
      ...(entry ? [`service(${entryReference(entry)}) { root }`] : []),
      ...(status === undefined ? [] : [`http.status = ${status}`]),
    ];
  }
  if (detail === "nothing") return [];
  const pattern = {
    ClientImpacting: rootCause.isClientImpacting,
    Services: path.map((service) => servicePattern(service, detail)),
  };
  return [
    `rootcause.json = #[${JSON.stringify(pattern)}]`,
    // A path that goes on begins like this one, too.
    `rootcause.${rootCause.of}.service { last AND index = ${path.length - 1} }`,
  ];
}

function entryReference({ name, type }: PathService): string {
  return type === undefined ? quoted(name) : `id(name: ${quoted(name)}, type: ${quoted(type)})`;
}

function servicePattern({ name, type, entities }: PathService, detail: Detail): object {
  return {
    Name: name,
    ...(type === undefined ? {} : { Type: type }),
    ...(detail === "entities" ? { EntityPath: entities.map((entity) => ({ Name: entity.name })) } : {}),
  };
}

function exceptionConditions(group: FailureGroup, detail: Detail): readonly string[] {
  const { exception, rootCause } = group;
  if (!exception || !rootCause) return [];
  const conditions = exception.name === undefined ? [] : [`name = ${quoted(exception.name)}`];
  if (exception.message !== undefined && detail !== "nothing") conditions.push(...messageConditions(group));
  return conditions.length === 0 ? [] : [`rootcause.${rootCause.of}.exception { ${conditions.join(" AND ")} }`];
}

/** One message to the letter; of several, what stands before and after what differs. */
function messageConditions({ messages }: FailureGroup): readonly string[] {
  const [first, another] = messages;
  if (!first) return [];
  if (!another) return [`message = ${quoted(first.text)}`];
  const pieces = messagePattern(first.text).split("*");
  const [before, after] = [pieces[0] ?? "", pieces.at(-1) ?? ""];
  return [
    ...(before ? [`message BEGINSWITH ${quoted(before)}`] : []),
    ...(after ? [`message ENDSWITH ${quoted(after)}`] : []),
  ];
}
