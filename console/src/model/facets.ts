// What a list of traces has in common: values with how many traces have each, and the clause that asks for it.

import { quoted } from "./filter/lex";
import { NO_COUNTS, OUTCOME_WORDS, OUTCOMES, type Outcome, type OutcomeCounts, totalOf } from "./outcome";
import { annotationFilter } from "./trace/annotation-filter";
import type { Cause, TraceRow } from "./trace-row";

export interface FacetValue {
  readonly label: string;
  /** More about it, where the label alone may not do. */
  readonly detail?: string;
  /** Finds the traces that have it. */
  readonly clause: string;
  /** The traces that have it, by how they ended. */
  readonly counts: OutcomeCounts;
  /** Set when this stands for those that have no value. */
  readonly isAbsence?: true;
}

export interface Facet {
  readonly id: string;
  readonly label: string;
  /** The most frequent first. */
  readonly values: readonly FacetValue[];
}

interface Found {
  readonly label: string;
  readonly detail?: string;
  readonly clause: string;
}

interface Definition {
  readonly id: string;
  readonly label: string;
  /** The values of one trace. */
  readonly of: (row: TraceRow) => readonly Found[];
  /** Finds the traces that have none; absent where all have one, or where nobody would ask. */
  readonly absence?: string;
}

const DEFINITIONS: readonly Definition[] = [
  {
    id: "outcome",
    label: "Result",
    of: ({ outcome }) => [{ label: OUTCOME_WORDS[outcome], clause: outcome }],
  },
  {
    id: "service",
    label: "Service",
    of: ({ services }) =>
      services.map(({ name, type }) => ({
        label: name,
        clause: `service(${quoted(name)})`,
        ...(type ? { detail: type } : {}),
      })),
  },
  {
    id: "cause",
    label: "Fault cause",
    of: ({ causes }) => causes.map(foundCause),
  },
  { id: "url", label: "URL", of: ({ url }) => texts("http.url", url), absence: "!http.url" },
  { id: "method", label: "Method", of: ({ method }) => texts("http.method", method), absence: "!http.method" },
  {
    id: "status",
    label: "Status",
    of: ({ status }) => (status === undefined ? [] : [{ label: String(status), clause: `http.status = ${status}` }]),
    absence: "!http.status",
  },
  { id: "user", label: "User", of: ({ users }) => texts("user", ...users), absence: "!user" },
  { id: "client", label: "Client address", of: ({ clientIp }) => texts("http.clientip", clientIp) },
  { id: "agent", label: "User agent", of: ({ userAgent }) => texts("http.useragent", userAgent) },
  { id: "resource", label: "Resource ARN", of: ({ resources }) => texts("resource.arn", ...resources) },
  { id: "instance", label: "Instance", of: ({ instances }) => texts("instance.id", ...instances) },
  { id: "zone", label: "Availability zone", of: ({ zones }) => texts("availabilityzone", ...zones) },
];

/** The facets of a list in which it has any values: fixed ones first, then one for each annotation key. */
export function facetsOf(rows: readonly TraceRow[]): readonly Facet[] {
  const fixed = DEFINITIONS.map((definition) => facetOf(definition, rows));
  return [...fixed, ...annotationFacets(rows)].filter(({ values }) => values.some(({ isAbsence }) => !isAbsence));
}

/** What a clause finds, in words: for a cause whose clause is long. */
export function causeLabel({ service, exception }: Cause): string {
  if (!exception) return `${service} failed`;
  return [exception.name, exception.message].filter(Boolean).join(": ") || `Exception in ${service}`;
}

export function causeClause({ kind, service, exception }: Cause): string {
  const tests = exception
    ? [
        ...(exception.name ? [`name = ${quoted(exception.name)}`] : []),
        ...(exception.message ? [`message = ${quoted(exception.message)}`] : []),
      ]
    : [];
  if (tests.length > 0) return `rootcause.${kind}.exception { ${tests.join(" AND ")} }`;
  return `rootcause.${kind}.service { name = ${quoted(service)} AND last }`;
}

function foundCause(cause: Cause): Found {
  return {
    label: causeLabel(cause),
    clause: causeClause(cause),
    detail: `${OUTCOME_WORDS[cause.kind]} in ${cause.service}`,
  };
}

function texts(keyword: string, ...values: readonly (string | undefined)[]): readonly Found[] {
  return values.flatMap((value) =>
    value === undefined ? [] : [{ label: value || "(empty)", clause: `${keyword} = ${quoted(value)}` }],
  );
}

/** One facet a key, over the traces that have it. */
function annotationFacets(rows: readonly TraceRow[]): readonly Facet[] {
  const byKey = new Map<string, Having[]>();
  for (const { outcome, annotations } of rows) {
    const values = new Map<string, Found[]>();
    for (const annotation of annotations) {
      const found = {
        label: String(annotation.value) || "(empty)",
        clause: annotationFilter(annotation.key, annotation.value),
      };
      values.set(annotation.key, [...(values.get(annotation.key) ?? []), found]);
    }
    for (const [key, found] of values) {
      const having = byKey.get(key);
      if (having) having.push({ outcome, found });
      else byKey.set(key, [{ outcome, found }]);
    }
  }
  const keys = [...byKey.entries()].sort(([one], [other]) => one.localeCompare(other));
  return keys.map(([key, having]) => ({
    id: `annotation ${key}`,
    label: `Annotation ${key}`,
    values: valuesOf(having).sort(byFrequency),
  }));
}

function facetOf({ id, label, of, absence }: Definition, rows: readonly TraceRow[]): Facet {
  const having = rows.map((row) => ({ outcome: row.outcome, found: of(row) }));
  const values = valuesOf(having);
  const without: Record<Outcome, number> = { ...NO_COUNTS };
  for (const { outcome, found } of having) if (found.length === 0) without[outcome] += 1;
  if (absence && totalOf(without) > 0) {
    values.push({ label: "(none)", clause: absence, counts: without, isAbsence: true });
  }
  return { id, label, values: id === "outcome" ? byOutcome(values) : values.sort(byFrequency) };
}

/** What one trace has of a facet, and how it ended. */
interface Having {
  readonly outcome: Outcome;
  readonly found: readonly Found[];
}

function valuesOf(traces: readonly Having[]): FacetValue[] {
  const counted = new Map<string, { found: Found; counts: Record<Outcome, number> }>();
  for (const { outcome, found } of traces) {
    // A trace may have a value more than once, as a service under two types.
    const once = new Map(found.map((one) => [one.clause, one]));
    for (const one of once.values()) {
      const held = counted.get(one.clause) ?? { found: one, counts: { ...NO_COUNTS } };
      held.counts[outcome] += 1;
      counted.set(one.clause, held);
    }
  }
  return [...counted.values()].map(({ found, counts }) => ({ ...found, counts }));
}

function byOutcome(values: FacetValue[]): FacetValue[] {
  const worstFirst: readonly string[] = [...OUTCOMES].reverse();
  return values.sort((a, b) => worstFirst.indexOf(a.clause) - worstFirst.indexOf(b.clause));
}

function byFrequency(a: FacetValue, b: FacetValue): number {
  return totalOf(b.counts) - totalOf(a.counts) || a.label.localeCompare(b.label, undefined, { numeric: true });
}
