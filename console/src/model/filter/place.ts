// Where the server says that an expression is wrong.

export interface Misplaced {
  /** In UTF-16 units; the expression's length where something is missing at its end. */
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly position: number;
}

/** As X-Ray words it; see docs/filters.md. */
const MESSAGE = /^Error Location: line (\d+), position (\d+) : Invalid input symbol: '([\s\S]*)'$/;

/** The place that a refusal names in the expression that was refused; undefined when it names none. */
export function misplacedIn(expression: string, message: string): Misplaced | undefined {
  const found = MESSAGE.exec(message);
  if (!found) return undefined;
  const [line, position, symbol] = [Number(found[1]), Number(found[2]), found[3] ?? ""];
  const lines = expression.split("\n");
  const before = lines.slice(0, line - 1);
  const characters = [...(lines[line - 1] ?? "")].slice(0, position - 1);
  const start = before.join("\n").length + (before.length > 0 ? 1 : 0) + characters.join("").length;
  const end = expression.startsWith(symbol, start) ? start + symbol.length : expression.length;
  return { start, end: Math.max(start, end), line, position };
}
