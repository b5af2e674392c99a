// What may stand at a place in a filter expression: the server's grammar (crates/filter), read up to there. It never
// judges an expression, that is the server's; where it meets what does not fit, it expects nothing any more.

import {
  annotationPrefix,
  BRACED,
  CAUSE_JSON,
  FLAG_OPERATORS,
  GROUP_WORDS,
  isJoiner,
  isTextOperator,
  type Keyword,
  type KeywordKind,
  keywordOf,
  type Level,
  NUMBER_OPERATORS,
  TEXT_OPERATORS,
} from "./keywords";
import { type FilterSymbol, unquoted } from "./lex";

/** What a comparison is about. */
export type Subject =
  | { readonly of: "keyword"; readonly keyword: Keyword }
  | { readonly of: "annotation"; readonly key: string }
  | { readonly of: "group"; readonly word: string }
  | { readonly of: "json" };

export type Expectation =
  /** A clause begins. */
  | { readonly kind: "clause"; readonly level: Level }
  /** The key of an annotation, in brackets. */
  | { readonly kind: "key" }
  /** An operator, or, where the subject can stand alone, what follows a clause. */
  | { readonly kind: "operator"; readonly subject: Subject; readonly level: Level; readonly closes?: Closing }
  | { readonly kind: "value"; readonly subject: Subject; readonly operator: string; readonly level: Level }
  /** A clause is whole: AND, OR, what closes, or braces. */
  | { readonly kind: "joiner"; readonly level: Level; readonly braces?: Level; readonly closes?: Closing }
  /** `service` or `edge`: parentheses, braces, or what follows a clause. */
  | { readonly kind: "parenthesis"; readonly word: "service" | "edge"; readonly closes?: Closing }
  /** A service in parentheses; `mayClose` when there may be none. */
  | { readonly kind: "reference"; readonly mayClose: boolean }
  /** What follows a service in parentheses: these marks. */
  | { readonly kind: "after reference"; readonly mark: ")" | "," }
  /** A part of `id(…)`. */
  | { readonly kind: "part" }
  | { readonly kind: "part value"; readonly part: string }
  | { readonly kind: "after part" }
  /** One mark, and what comes behind it. */
  | { readonly kind: "mark"; readonly mark: "(" | ":"; readonly next: Expectation }
  | { readonly kind: "nothing" };

/** What ends the innermost parenthesis or brace. */
type Closing = ")" | "}";

interface Frame {
  readonly close: Closing;
  /** The level to go back to. */
  readonly level: Level;
}

const OPERATORS: Readonly<Record<KeywordKind, readonly string[]>> = {
  flag: FLAG_OPERATORS,
  number: NUMBER_OPERATORS,
  text: TEXT_OPERATORS,
};

/** The operators that may follow a subject. */
export function operatorsOf(subject: Subject): readonly string[] {
  switch (subject.of) {
    case "keyword":
      return OPERATORS[subject.keyword.kind];
    case "annotation":
      return [...new Set([...TEXT_OPERATORS, ...NUMBER_OPERATORS])];
    case "group":
      return FLAG_OPERATORS;
    case "json":
      return ["="];
  }
}

/** Whether a subject without an operator is a clause. */
export function canStandAlone(subject: Subject): boolean {
  return subject.of === "keyword" || subject.of === "annotation";
}

/** What `id(…)` tells a service by. */
export const PARTS = ["name", "type", "account.id"] as const;

const NOTHING: Expectation = { kind: "nothing" };

/** What is expected after these symbols. */
export function expectationAfter(symbols: readonly FilterSymbol[]): Expectation {
  const reader = new Reader();
  for (const symbol of symbols) reader.read(symbol);
  return reader.expected;
}

class Reader {
  expected: Expectation = { kind: "clause", level: "trace" };
  #level: Level = "trace";
  readonly #open: Frame[] = [];
  /** Whose parentheses are open, and whether its last service is being named. */
  #naming: { readonly word: "service" | "edge"; readonly isLast: boolean } = { word: "service", isLast: true };

  read(symbol: FilterSymbol): void {
    this.expected = this.#after(this.expected, symbol);
  }

  #after(expected: Expectation, symbol: FilterSymbol): Expectation {
    const { kind, text } = symbol;
    switch (expected.kind) {
      case "clause":
        return this.#afterClauseBegins(symbol);
      case "key":
        return kind === "key" ? this.#operator({ of: "annotation", key: keyIn(text) }) : NOTHING;
      case "operator":
        if (kind === "compare" || (kind === "word" && isTextOperator(text))) {
          return { kind: "value", subject: expected.subject, operator: text.toUpperCase(), level: this.#level };
        }
        return this.#afterJoiner(symbol, undefined);
      case "value":
        return kind === "text" || kind === "number" || kind === "json" || /^(?:true|false)$/i.test(text)
          ? this.#joiner()
          : NOTHING;
      case "joiner":
        return this.#afterJoiner(symbol, expected.braces);
      case "parenthesis":
        if (text !== "(") return this.#afterJoiner(symbol, expected.word);
        this.#naming = { word: expected.word, isLast: expected.word === "service" };
        return { kind: "reference", mayClose: true };
      case "reference":
        if (text === ")" && expected.mayClose) return this.#joiner(this.#naming.word);
        if (kind === "text") return this.#afterReference();
        return kind === "word" && text.toLowerCase() === "id"
          ? { kind: "mark", mark: "(", next: { kind: "part" } }
          : NOTHING;
      case "after reference":
        if (text !== expected.mark) return NOTHING;
        if (text === ")") return this.#joiner(this.#naming.word);
        this.#naming = { ...this.#naming, isLast: true };
        return { kind: "reference", mayClose: false };
      case "part":
        return PARTS.some((part) => part === text.toLowerCase())
          ? { kind: "mark", mark: ":", next: { kind: "part value", part: text.toLowerCase() } }
          : NOTHING;
      case "part value":
        return kind === "text" ? { kind: "after part" } : NOTHING;
      case "after part":
        if (text === ",") return { kind: "part" };
        return text === ")" ? this.#afterReference() : NOTHING;
      case "mark":
        return text === expected.mark ? expected.next : NOTHING;
      case "nothing":
        return NOTHING;
    }
  }

  #afterClauseBegins({ kind, text }: FilterSymbol): Expectation {
    if (text === "!") return { kind: "clause", level: this.#level };
    if (text === "(") return this.#opened(")", this.#level);
    if (kind !== "word") return NOTHING;
    const annotation = annotationPrefix(text);
    if (annotation && isAnnotationAt(annotation.of, this.#level)) {
      return annotation.key === undefined ? { kind: "key" } : this.#operator({ of: "annotation", key: annotation.key });
    }
    const word = text.toLowerCase();
    if (this.#level === "trace") {
      if (word === "service" || word === "edge") return { kind: "parenthesis", word, ...this.#closing() };
      const braced = BRACED.find((one) => one.word === word);
      if (braced) return this.#joiner(braced.inside);
      if (GROUP_WORDS.some((one) => one.word === word)) return this.#operator({ of: "group", word });
      if (word === CAUSE_JSON) return this.#operator({ of: "json" });
    }
    const keyword = keywordOf(word);
    return keyword?.levels.includes(this.#level) ? this.#operator({ of: "keyword", keyword }) : NOTHING;
  }

  #afterJoiner(symbol: FilterSymbol, braces: Level | undefined): Expectation {
    const { kind, text } = symbol;
    if (text === "{" && braces) return this.#opened("}", braces);
    if (text === ")" || text === "}") {
      const frame = this.#open.pop();
      if (frame?.close !== text) return NOTHING;
      this.#level = frame.level;
      return this.#joiner();
    }
    if (kind === "word" && isJoiner(text)) return { kind: "clause", level: this.#level };
    // Side by side means AND.
    return this.#afterClauseBegins(symbol);
  }

  #afterReference(): Expectation {
    return { kind: "after reference", mark: this.#naming.isLast ? ")" : "," };
  }

  #opened(close: Closing, inside: Level): Expectation {
    this.#open.push({ close, level: this.#level });
    this.#level = inside;
    return { kind: "clause", level: inside };
  }

  #operator(subject: Subject): Expectation {
    return { kind: "operator", subject, level: this.#level, ...(canStandAlone(subject) ? this.#closing() : {}) };
  }

  #joiner(braces?: Level): Expectation {
    return { kind: "joiner", level: this.#level, ...(braces ? { braces } : {}), ...this.#closing() };
  }

  #closing(): { readonly closes?: Closing } {
    const closes = this.#open.at(-1)?.close;
    return closes ? { closes } : {};
  }
}

function isAnnotationAt(of: string, level: Level): boolean {
  if (of === "annotation") return level === "trace" || level === "service";
  return level === "edge";
}

/** The key in the brackets of `annotation[…]`. */
function keyIn(brackets: string): string {
  const inside = brackets.slice(1, -1).trim();
  return inside.startsWith('"') ? unquoted(inside) : inside;
}
