// The words that the traces seen so far have given filters: names, URLs, users, annotations.

import type { AnnotationValue, TraceRow } from "../trace-row";

/** Values that a keyword or key was seen with, the most frequent first. */
export type Seen = readonly string[];

export interface Vocabulary {
  readonly services: Seen;
  readonly types: Seen;
  /** By keyword, as `http.url`. */
  readonly texts: Readonly<Record<string, Seen>>;
  readonly statuses: Seen;
  /** By key; values as an expression writes them would still need quotes if they are texts. */
  readonly annotations: ReadonlyMap<string, readonly AnnotationValue[]>;
  readonly exceptions: Seen;
  readonly messages: Seen;
  readonly groups: Seen;
}

/** More of each than this nobody reads through; the most frequent stay. */
const MOST = 300;

/** So many traces are known, the latest, and so many lists are kept: of any key of an annotation there is one. */
const MOST_KNOWN = 20_000;
const MOST_LISTS = 500;

/** Counts what is seen, so that what is frequent comes first. One for as long as somebody looks at traces. */
export class VocabularyBuilder {
  readonly #lists = new Map<string, Map<AnnotationValue, number>>();
  /** The traces that were counted, as they were then. */
  readonly #known = new Set<string>();

  /** Adds what these traces have. */
  add(rows: readonly TraceRow[]): void {
    for (const row of rows) {
      const known = `${row.id} ${row.revision}`;
      if (this.#known.has(known)) continue;
      this.#known.add(known);
      this.#addRow(row);
    }
    for (const oldest of this.#known) {
      if (this.#known.size <= MOST_KNOWN) break;
      this.#known.delete(oldest);
    }
  }

  vocabulary(groups: readonly string[]): Vocabulary {
    const annotations = new Map<string, readonly AnnotationValue[]>();
    for (const name of [...this.#lists.keys()].sort()) {
      if (name.startsWith("annotation ")) annotations.set(name.slice("annotation ".length), this.#mostFrequent(name));
    }
    const texts = (name: string): Seen => this.#mostFrequent(name).map(String);
    return {
      services: texts("service"),
      types: texts("type"),
      texts: Object.fromEntries(TEXT_WORDS.map((word) => [word, texts(word)])),
      statuses: texts("http.status"),
      annotations,
      exceptions: texts("exception"),
      messages: texts("message"),
      groups,
    };
  }

  #addRow(row: TraceRow): void {
    for (const { name, type } of row.services) {
      this.#count("service", name);
      if (type) this.#count("type", type);
    }
    if (row.url) this.#count("http.url", row.url);
    if (row.method) this.#count("http.method", row.method);
    if (row.status !== undefined) this.#count("http.status", String(row.status));
    if (row.userAgent) this.#count("http.useragent", row.userAgent);
    if (row.clientIp) this.#count("http.clientip", row.clientIp);
    for (const user of row.users) this.#count("user", user);
    for (const zone of row.zones) this.#count("availabilityzone", zone);
    for (const instance of row.instances) this.#count("instance.id", instance);
    for (const resource of row.resources) this.#count("resource.arn", resource);
    for (const { key, value } of row.annotations) this.#count(`annotation ${key}`, value);
    for (const { exception } of row.causes) {
      if (exception?.name) this.#count("exception", exception.name);
      if (exception?.message) this.#count("message", exception.message);
    }
  }

  #count(list: string, value: AnnotationValue): void {
    const held = this.#lists.get(list);
    if (!held && this.#lists.size >= MOST_LISTS) return;
    const counts = held ?? new Map<AnnotationValue, number>();
    // A full list counts on, but learns no more.
    if (counts.has(value) || counts.size < 10 * MOST) counts.set(value, (counts.get(value) ?? 0) + 1);
    this.#lists.set(list, counts);
  }

  #mostFrequent(list: string): readonly AnnotationValue[] {
    const counts = [...(this.#lists.get(list) ?? [])];
    return counts
      .sort(([, one], [, other]) => other - one)
      .slice(0, MOST)
      .map(([value]) => value);
  }
}

const TEXT_WORDS = [
  "http.url",
  "http.method",
  "http.useragent",
  "http.clientip",
  "user",
  "availabilityzone",
  "instance.id",
  "resource.arn",
] as const;
