// What could be written where the cursor stands in a filter expression.

import type { AnnotationValue } from "../trace-row";
import { canStandAlone, type Expectation, expectationAfter, operatorsOf, PARTS, type Subject } from "./expect";
import { BRACED, CAUSE_JSON, GROUP_WORDS, KEYWORDS, type Level } from "./keywords";
import { annotationWord, type FilterSymbol, quoted, symbolsOf, unquoted } from "./lex";
import type { Vocabulary } from "./vocabulary";

export interface Option {
  /** What it is shown as. */
  readonly label: string;
  /** What is written; a space at its end invites what comes next. */
  readonly insert: string;
  readonly detail: string;
}

export interface Completion {
  /** What the chosen option stands instead of. */
  readonly from: number;
  readonly to: number;
  readonly options: readonly Option[];
}

/** Nobody reads more at once. */
const MOST = 60;

/** A value alone is found as a whole clause from so many characters on. */
const SEARCHED_FROM = 2;

export function completionAt(expression: string, cursor: number, vocabulary: Vocabulary): Completion {
  const symbols = symbolsOf(expression);
  const typed = symbols.find((symbol) => isBeingTyped(symbol, cursor));
  const before = symbols.filter((symbol) => symbol.end <= (typed?.start ?? cursor));
  const from = typed?.start ?? cursor;
  // What is open reaches to the end of the expression; what stands behind the cursor is not part of it yet.
  const to = typed && typed.kind !== "open text" && typed.kind !== "open key" ? typed.end : cursor;
  const written = expression.slice(from, cursor);
  const options = optionsFor(expectationAfter(before), written, vocabulary);
  return { from, to, options: matching(options, soughtIn(written), expression.slice(from, to)) };
}

function isBeingTyped({ kind, start, end }: FilterSymbol, cursor: number): boolean {
  if (start >= cursor) return false;
  switch (kind) {
    case "open text":
    case "open key":
    case "word":
    case "number":
      return cursor <= end;
    case "text":
    case "key":
    case "json":
      return cursor < end;
    case "compare":
    case "mark":
    case "unknown":
      return false;
  }
}

/** What is looked for: the word, or what stands in quotes or brackets so far. */
function soughtIn(written: string): string {
  if (!/^["[]/.test(written)) return written.toLowerCase();
  const inside = written.replace(/^\[?\s*"?/, "");
  return unquoted(`"${inside.replace(/"$/, "")}"`)
    .replace(/^"/, "")
    .toLowerCase();
}

/** Those that begin with what is sought, then those that have it elsewhere; all of them when nothing is. */
function matching(options: readonly Option[], sought: string, present: string): readonly Option[] {
  const named = options.map((option) => ({ option, name: option.label.replace(/^"/, "").toLowerCase() }));
  const begins = named.filter(({ name }) => name.startsWith(sought));
  const holds = sought ? named.filter(({ name }) => !name.startsWith(sought) && name.includes(sought)) : [];
  const found = [...begins, ...holds].map(({ option }) => option);
  return found.filter((option) => option.insert.trim() !== present).slice(0, MOST);
}

function optionsFor(expected: Expectation, written: string, vocabulary: Vocabulary): readonly Option[] {
  switch (expected.kind) {
    case "clause":
      return [...clauseOptions(expected.level, vocabulary), ...searched(expected.level, written, vocabulary)];
    case "key":
      return [...vocabulary.annotations.keys()].map((key) => option(`[${quoted(key)}] `, "annotation key", key));
    case "operator":
      return [...operatorOptions(expected.subject), ...(canStandAlone(expected.subject) ? followers(expected) : [])];
    case "value":
      return valueOptions(expected.subject, expected.level, vocabulary);
    case "joiner":
      return [...(expected.braces ? [option("{ ", "about the same one")] : []), ...followers(expected)];
    case "parenthesis":
      return [
        option("(", `names the ${expected.word === "edge" ? "caller and the called" : "service"}`),
        ...followers(expected),
      ];
    case "reference":
      return [
        ...texts(vocabulary.services, "service", ""),
        option("id(", "by name, type or account"),
        ...(expected.mayClose ? [option(") ", "any")] : []),
      ];
    case "after reference":
      return [option(`${expected.mark} `, expected.mark === "," ? "and the called service" : "ends here")];
    case "part":
      return PARTS.map((part) => option(`${part}: `, `the service's ${part === "account.id" ? "account" : part}`));
    case "part value":
      if (expected.part === "name") return texts(vocabulary.services, "service", "");
      return expected.part === "type" ? texts(vocabulary.types, "type", "") : [];
    case "after part":
      return [option(")", "ends here"), option(", ", "and another part")];
    case "mark":
      return [option(expected.mark, "")];
    case "nothing":
      return [];
  }
}

const JOINERS: readonly Option[] = [option("AND ", "both hold"), option("OR ", "one of them holds")];

/** What may come behind a whole clause. */
function followers({ closes }: { readonly closes?: string }): readonly Option[] {
  return [...(closes ? [option(`${closes} `, "ends here")] : []), ...JOINERS];
}

function option(insert: string, detail: string, label = insert.trim()): Option {
  return { label, insert, detail };
}

function texts(values: readonly string[], detail: string, behind = " "): readonly Option[] {
  return values.map((value) => option(quoted(value) + behind, detail));
}

function clauseOptions(level: Level, vocabulary: Vocabulary): readonly Option[] {
  const keywords = KEYWORDS.filter((keyword) => keyword.levels.includes(level));
  const simple = keywords.map(({ word, meaning }) => option(`${word} `, meaning));
  const prefixes = level === "edge" ? ["source.", "destination."] : [""];
  const hasAnnotations = level === "trace" || level === "service" || level === "edge";
  const annotations = hasAnnotations
    ? [...vocabulary.annotations.keys()].flatMap((key) =>
        prefixes.map((prefix) => option(`${prefix}${annotationWord(key)} `, "annotation")),
      )
    : [];
  if (level !== "trace") return [...simple, ...annotations];
  const [services, causes] = [BRACED.slice(0, 2), BRACED.slice(2)];
  return [
    ...simple.slice(0, 8),
    ...services.map(({ word, meaning }) => option(`${word}(`, meaning)),
    ...annotations,
    ...simple.slice(8),
    ...GROUP_WORDS.map(({ word, meaning }) => option(`${word} `, meaning)),
    ...causes.map(({ word, meaning }) => option(`${word} { `, meaning, word)),
    option(`${CAUSE_JSON} = #[`, "a root cause is like one of these", CAUSE_JSON),
  ];
}

/** Whole clauses for a value that is typed without its keyword. */
function searched(level: Level, written: string, vocabulary: Vocabulary): readonly Option[] {
  if (level !== "trace" || written.length < SEARCHED_FROM) return [];
  const sought = written.toLowerCase();
  const has = (value: string) => value.toLowerCase().includes(sought);
  const clauses = (label: string, detail: string) => option(`${label} `, detail);
  return [
    ...vocabulary.services.filter(has).map((name) => clauses(`service(${quoted(name)})`, "service")),
    ...Object.entries(vocabulary.texts).flatMap(([word, seen]) =>
      seen.filter(has).map((value) => clauses(`${word} = ${quoted(value)}`, word)),
    ),
    ...[...vocabulary.annotations].flatMap(([key, values]) =>
      values
        .filter((value) => typeof value === "string" && has(value))
        .map((value) => clauses(`${annotationWord(key)} = ${spelled(value)}`, "annotation")),
    ),
  ];
}

function operatorOptions(subject: Subject): readonly Option[] {
  const operators = operatorsOf(subject);
  return operators.map((operator) => option(`${operator} `, OPERATOR_MEANINGS[operator] ?? ""));
}

const OPERATOR_MEANINGS: Readonly<Record<string, string>> = {
  "=": "is",
  "!=": "is not",
  ">": "more than",
  ">=": "at least",
  "<": "less than",
  "<=": "at most",
  CONTAINS: "has within it",
  BEGINSWITH: "begins with",
  ENDSWITH: "ends with",
};

function valueOptions(subject: Subject, level: Level, vocabulary: Vocabulary): readonly Option[] {
  switch (subject.of) {
    case "keyword": {
      const { word, kind } = subject.keyword;
      if (kind === "flag") return [option("true ", ""), option("false ", "")];
      if (word === "http.status") return vocabulary.statuses.map((status) => option(`${status} `, "status"));
      if (word === "name")
        return texts(level === "cause exception" ? vocabulary.exceptions : vocabulary.services, "name");
      if (word === "type") return texts(vocabulary.types, "type");
      if (word === "message") return texts(vocabulary.messages, "message");
      return texts(vocabulary.texts[word] ?? [], word);
    }
    case "annotation":
      return (vocabulary.annotations.get(subject.key) ?? []).map((value) => option(`${spelled(value)} `, subject.key));
    case "group":
      return subject.word === "group.name" ? texts(vocabulary.groups, "group") : [];
    case "json":
      return [];
  }
}

function spelled(value: AnnotationValue): string {
  return typeof value === "string" ? quoted(value) : String(value);
}
