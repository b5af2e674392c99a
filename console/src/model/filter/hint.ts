// What to write instead of what the server refuses, in words.

import { canStandAlone, type Expectation, expectationAfter, operatorsOf, type Subject } from "./expect";
import { BRACED, GROUP_WORDS, KEYWORDS, type KeywordKind, type Level } from "./keywords";
import { symbolsOf } from "./lex";

export interface Hint {
  /** What would fit there; empty where that is anybody's guess. */
  readonly expected: string;
  /** The word that was probably meant. */
  readonly meant?: string;
}

/** What would fit where the symbol that begins there does not. */
export function hintAt(expression: string, at: number): Hint {
  const symbols = symbolsOf(expression);
  const expected = expectationAfter(symbols.filter((symbol) => symbol.end <= at));
  const refused = symbols.find((symbol) => symbol.start >= at);
  const meant =
    expected.kind === "clause" && refused?.kind === "word" ? nearest(refused.text, expected.level) : undefined;
  return { expected: inWords(expected), ...(meant ? { meant } : {}) };
}

/** The known word that differs least, if that is little enough for a slip. */
function nearest(word: string, level: Level): string | undefined {
  const simple = KEYWORDS.filter((keyword) => keyword.levels.includes(level)).map((keyword) => keyword.word);
  const complex = level === "trace" ? [...BRACED, ...GROUP_WORDS].map((one) => one.word) : [];
  let best: { readonly known: string; readonly distance: number } | undefined;
  for (const known of [...simple, ...complex]) {
    const distance = distanceOf(word.toLowerCase(), known);
    if (distance <= 1 + known.length / 4 && distance < (best?.distance ?? Number.POSITIVE_INFINITY))
      best = { known, distance };
  }
  return best?.known;
}

/** How many characters to insert, remove or replace (Levenshtein). */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, character] of [...one].entries()) {
    const next = [index + 1];
    for (let at = 0; at < other.length; at += 1) {
      const replaced = (row[at] ?? 0) + (other[at] === character ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function inWords(expected: Expectation): string {
  switch (expected.kind) {
    case "clause":
      return "a keyword, such as fault, responsetime or http.url";
    case "key":
      return "a key, as in annotation.key or annotation[key]";
    case "operator":
      return list([...operatorsOf(expected.subject), ...(canStandAlone(expected.subject) ? followers(expected) : [])]);
    case "value":
      return valueInWords(expected.subject);
    case "joiner":
      return list([...(expected.braces ? ["{"] : []), ...followers(expected)]);
    case "parenthesis":
      return list(["(", "{", ...followers(expected)]);
    case "reference":
      return "a name in double quotes, or id(…)";
    case "after reference":
      return expected.mark === "," ? "a comma and the called service" : "a closing parenthesis";
    case "part":
      return "name, type or account.id";
    case "part value":
      return "a text in double quotes";
    case "after part":
      return "a comma or a closing parenthesis";
    case "mark":
      return expected.mark;
    case "nothing":
      return "";
  }
}

function followers({ closes }: { readonly closes?: string }): readonly string[] {
  return [...(closes ? [closes] : []), "AND", "OR"];
}

const VALUES: Readonly<Record<KeywordKind, string>> = {
  flag: "true or false",
  number: "a number",
  text: "a text in double quotes",
};

function valueInWords(subject: Subject): string {
  switch (subject.of) {
    case "keyword":
      return VALUES[subject.keyword.kind];
    case "annotation":
      return "a text in double quotes, a number, true or false";
    case "group":
      return "a text in double quotes";
    case "json":
      return "#[…], an array of root-cause paths";
  }
}

function list(words: readonly string[]): string {
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} or ${words.at(-1)}` : (words[0] ?? "");
}
