// The clauses of a filter expression, and what one click does to them. A clause is what is joined by AND, written or
// implied by standing side by side, outside of all parentheses and braces.

import { annotationPrefix, isJoiner, isTextOperator } from "./keywords";
import { type FilterSymbol, symbolsOf, unquoted } from "./lex";

export interface Clause {
  /** As written. */
  readonly text: string;
  /** The same however it is spaced, quoted and cased. */
  readonly meaning: string;
  readonly negated: boolean;
  /** What it means without its negation. */
  readonly bare: string;
}

/** Whether a clause stands in an expression as it is, negated, or not at all. */
export type Standing = "in" | "out" | "absent";

/** The clauses of an expression; undefined when it is not whole, so that nothing can be said of its parts. */
export function clausesOf(expression: string): readonly Clause[] | undefined {
  const symbols = symbolsOf(expression);
  if (!isWhole(symbols)) return undefined;
  const clauses: Clause[] = [];
  for (const part of splitAtAnd(symbols)) {
    const [first] = part;
    const last = part.at(-1);
    if (!first || !last) return undefined;
    clauses.push(clauseOf(expression.slice(first.start, last.end), part));
  }
  return clauses;
}

/** Whether brackets are balanced and nothing is open or unknown: not that the server would take it. */
function isWhole(symbols: readonly FilterSymbol[]): boolean {
  const open: string[] = [];
  for (const { kind, text } of symbols) {
    if (kind === "open text" || kind === "open key" || kind === "unknown") return false;
    if (kind !== "mark") continue;
    if (text === "(" || text === "{") open.push(text);
    if (text === ")" && open.pop() !== "(") return false;
    if (text === "}" && open.pop() !== "{") return false;
  }
  return open.length === 0;
}

export function isBalanced(expression: string): boolean {
  return isWhole(symbolsOf(expression));
}

function splitAtAnd(symbols: readonly FilterSymbol[]): readonly (readonly FilterSymbol[])[] {
  const parts: FilterSymbol[][] = [];
  let part: FilterSymbol[] = [];
  let depth = 0;
  for (const symbol of symbols) {
    const joiner = depth === 0 && symbol.kind === "word" ? symbol.text.toUpperCase() : "";
    // An OR at the top leaves one clause: the whole.
    if (joiner === "OR") return [symbols];
    if (joiner === "AND") {
      parts.push(part);
      part = [];
      continue;
    }
    if (depth === 0 && part.length > 0 && beginsClause(symbol, part.at(-1))) {
      parts.push(part);
      part = [];
    }
    part.push(symbol);
    if (symbol.kind === "mark") depth += depthOf(symbol.text);
  }
  return part.length > 0 || parts.length > 0 ? [...parts, part] : [];
}

function depthOf(mark: string): number {
  if (mark === "(" || mark === "{") return 1;
  return mark === ")" || mark === "}" ? -1 : 0;
}

/** Whether a symbol stands beside a whole clause, not within it. */
function beginsClause(symbol: FilterSymbol, before: FilterSymbol | undefined): boolean {
  if (!before || before.text === "!" || before.kind === "compare") return false;
  if (before.kind === "word" && isTextOperator(before.text)) return false;
  if (symbol.kind === "word") return !isTextOperator(symbol.text);
  if (symbol.text === "(") return before.kind !== "word" || !/^(?:service|edge)$/i.test(before.text);
  return symbol.text === "!";
}

function clauseOf(text: string, symbols: readonly FilterSymbol[]): Clause {
  let inner = unwrapped(symbols);
  let negated = false;
  while (inner[0]?.text === "!") {
    negated = !negated;
    inner = unwrapped(inner.slice(1));
  }
  const bare = inner.map(meaningOf).join(" ");
  return { text, meaning: negated ? `! ${bare}` : bare, negated, bare };
}

/** Without parentheses around the whole. */
function unwrapped(symbols: readonly FilterSymbol[]): readonly FilterSymbol[] {
  if (symbols[0]?.text !== "(") return symbols;
  let depth = 0;
  for (const [index, { kind, text }] of symbols.entries()) {
    if (kind === "mark") depth += depthOf(text);
    if (depth === 0) return index === symbols.length - 1 ? unwrapped(symbols.slice(1, -1)) : symbols;
  }
  return symbols;
}

function meaningOf({ kind, text }: FilterSymbol): string {
  switch (kind) {
    case "word": {
      const annotation = annotationPrefix(text);
      if (!annotation) return text.toLowerCase();
      return annotation.key === undefined ? annotation.of : `${annotation.of} [${annotation.key}]`;
    }
    case "key": {
      const key = text.slice(1, -1).trim();
      return `[${key.startsWith('"') ? unquoted(key) : key}]`;
    }
    case "text":
      return JSON.stringify(unquoted(text));
    case "number":
      return String(Number(text));
    case "compare":
    case "mark":
    case "json":
    case "unknown":
    case "open text":
    case "open key":
      return text;
  }
}

// --- what a click does

export function standingOf(expression: string, clause: string): Standing {
  const wanted = clausesOf(clause)?.[0];
  if (!wanted) return "absent";
  for (const one of clausesOf(expression) ?? []) {
    if (one.bare === wanted.bare) return one.negated === wanted.negated ? "in" : "out";
  }
  return "absent";
}

/** The expression that also asks for a clause; its opposite, if it was asked for, goes. */
export function withClause(expression: string, clause: string): string {
  if (standingOf(expression, clause) === "in") return expression;
  return [...partsOf(withoutClause(expression, clause)), clause].join(" AND ");
}

/** The expression without a clause, and without its opposite. */
export function withoutClause(expression: string, clause: string): string {
  const unwanted = clausesOf(clause)?.[0];
  const clauses = clausesOf(expression);
  if (!unwanted || !clauses?.some((one) => one.bare === unwanted.bare)) return expression;
  const kept = clauses.filter((one) => one.bare !== unwanted.bare);
  return kept.map((one) => one.text).join(" AND ");
}

/** The clause that holds when this one does not. */
export function negated(clause: string): string {
  const symbols = symbolsOf(clause);
  if (symbols[0]?.text === "!" && clausesOf(clause)?.length === 1) {
    const inner = unwrapped(symbols.slice(1));
    const [first, last] = [inner[0], inner.at(-1)];
    return first && last ? clause.slice(first.start, last.end) : clause;
  }
  // `!` binds to what follows as far as it is one test; parentheses say so to people too.
  return isOneWord(symbols) ? `!${clause}` : `!(${clause})`;
}

/** Whether a clause is a keyword or a service without more, so that `!` before it is plain to see. */
function isOneWord(symbols: readonly FilterSymbol[]): boolean {
  let depth = 0;
  for (const { kind, text } of symbols) {
    if (kind === "mark") depth += depthOf(text);
    if (depth === 0 && (kind === "compare" || (kind === "word" && (isTextOperator(text) || isJoiner(text)))))
      return false;
  }
  return true;
}

/** What can be joined by AND as it is. */
function partsOf(expression: string): readonly string[] {
  const clauses = clausesOf(expression);
  if (!clauses) return expression.trim() ? [`(${expression.trim()})`] : [];
  if (clauses.length === 1 && hasOr(expression)) return [`(${expression.trim()})`];
  return clauses.map((clause) => clause.text);
}

function hasOr(expression: string): boolean {
  let depth = 0;
  for (const { kind, text } of symbolsOf(expression)) {
    if (kind === "mark") depth += depthOf(text);
    if (depth === 0 && kind === "word" && text.toUpperCase() === "OR") return true;
  }
  return false;
}

/** Both expressions together. */
export function bothOf(one: string, other: string): string {
  return [...partsOf(one), ...partsOf(other)].join(" AND ");
}

// --- ranges

/** Bounds of a number, the lower one included and the upper one not. */
export interface Bounds {
  readonly from?: number;
  readonly to?: number;
}

/** The bounds that an expression sets for a keyword of numbers. */
export function boundsOf(expression: string, keyword: string): Bounds {
  let bounds: Bounds = {};
  for (const { text } of clausesOf(expression) ?? []) {
    const bound = boundOf(text, keyword);
    if (bound) bounds = { ...bounds, ...bound };
  }
  return bounds;
}

/** The expression with these bounds for a keyword, instead of those that it had. */
export function withBounds(expression: string, keyword: string, bounds: Bounds): string {
  const clauses = clausesOf(expression);
  const kept = clauses?.filter(({ text }) => !boundOf(text, keyword)).map(({ text }) => text);
  const rest = kept ? kept.join(" AND ") : expression;
  const added = [
    ...(bounds.from === undefined ? [] : [`${keyword} >= ${bounds.from}`]),
    ...(bounds.to === undefined ? [] : [`${keyword} < ${bounds.to}`]),
  ];
  return added.length > 0 ? [...partsOf(rest), ...added].join(" AND ") : rest;
}

function boundOf(clause: string, keyword: string): Bounds | undefined {
  const [word, operator, number, more] = symbolsOf(clause);
  if (word?.text.toLowerCase() !== keyword || operator?.kind !== "compare" || number?.kind !== "number" || more) {
    return undefined;
  }
  if (operator.text.startsWith(">")) return { from: Number(number.text) };
  return operator.text.startsWith("<") ? { to: Number(number.text) } : undefined;
}
