// From a filter expression's text to symbols, each with its place: the server's own rules (crates/filter), except that
// nothing is decoded, and that a text without its closing quote is a symbol of its own, for this reads while somebody
// types.

export type SymbolKind =
  | "word"
  | "text"
  | "open text"
  | "number"
  | "compare"
  | "mark"
  | "key"
  | "open key"
  | "json"
  | "unknown";

export interface FilterSymbol {
  readonly kind: SymbolKind;
  /** As written. */
  readonly text: string;
  /** Where it begins and ends in the expression, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

const SPACE = /\s*/y;

const RULES: readonly (readonly [SymbolKind, RegExp])[] = [
  ["text", /"(?:[^"\\]|\\.)*"/sy],
  ["open text", /"(?:[^"\\]|\\.)*\\?$/sy],
  ["key", /\[\s*"(?:[^"\\]|\\.)+"\s*\]|\[(?!\s*")\s*[^\]\s][^\]]*\]/sy],
  ["open key", /\[[^\]]*$/sy],
  ["number", /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ["word", /[A-Za-z_][A-Za-z0-9_.]*/y],
  ["compare", /[<>!]=|[<>=]/y],
  ["mark", /[(){},:!]/y],
];

export function symbolsOf(text: string): readonly FilterSymbol[] {
  const symbols: FilterSymbol[] = [];
  let at = lengthAt(SPACE, text, 0);
  while (at < text.length) {
    const [kind, length] = symbolAt(text, at);
    symbols.push({ kind, text: text.slice(at, at + length), start: at, end: at + length });
    at += length;
    at += lengthAt(SPACE, text, at);
  }
  return symbols;
}

function symbolAt(text: string, at: number): [SymbolKind, number] {
  if (text.startsWith("#[", at)) return jsonAt(text, at);
  for (const [kind, rule] of RULES) {
    const length = lengthAt(rule, text, at);
    if (length > 0) return [kind, length];
  }
  return ["unknown", String.fromCodePoint(text.codePointAt(at) ?? 0).length];
}

function lengthAt(rule: RegExp, text: string, at: number): number {
  rule.lastIndex = at;
  return rule.exec(text)?.[0].length ?? 0;
}

/** `#[` … `]`, brackets balanced outside of texts. */
function jsonAt(text: string, at: number): [SymbolKind, number] {
  const literal = /"(?:[^"\\]|\\.)*"|\[|\]/gsy;
  let depth = 0;
  for (let end = at + 1; end < text.length; ) {
    const length = lengthAt(literal, text, end) || 1;
    const found = text[end];
    if (found === "[") depth += 1;
    if (found === "]") depth -= 1;
    end += length;
    if (depth === 0) return ["json", end - at];
  }
  return ["unknown", text.length - at];
}

/** A text as an expression writes it, in JSON's quotes. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** The traces in which a service of this name and type took part. */
export function serviceClause(name: string, type: string): string {
  return `service(id(name: ${quoted(name)}, type: ${quoted(type)}))`;
}

/** What stands in a text symbol; as it is when its escapes are not JSON's. */
export function unquoted(symbol: string): string {
  try {
    const text: unknown = JSON.parse(symbol);
    return typeof text === "string" ? text : symbol;
  } catch {
    return symbol;
  }
}

/** `annotation.key`, or with brackets where the key has other than letters, digits and underscores. */
export function annotationWord(key: string): string {
  return /^[A-Za-z0-9_]+$/.test(key) ? `annotation.${key}` : `annotation[${quoted(key)}]`;
}
