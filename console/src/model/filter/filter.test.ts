import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hintAt } from "./hint";
import { BRACED, GROUP_WORDS, KEYWORDS } from "./keywords";
import { annotationWord, quoted, symbolsOf } from "./lex";
import { misplacedIn } from "./place";
import { misplacedInFilter, scoped } from "./scope";

describe("symbols", () => {
  test("are told apart as the server does", () => {
    const found = symbolsOf('!http.url>="a\\"b" -1.5e3 annotation[ "x y" ] #[{"a":"]"}] é "open');
    expect(found.map(({ kind, text }) => [kind, text])).toEqual([
      ["mark", "!"],
      ["word", "http.url"],
      ["compare", ">="],
      ["text", '"a\\"b"'],
      ["number", "-1.5e3"],
      ["word", "annotation"],
      ["key", '[ "x y" ]'],
      ["json", '#[{"a":"]"}]'],
      ["unknown", "é"],
      ["open text", '"open'],
    ]);
  });

  test("of texts and keys are written so that they can be read again", () => {
    expect(symbolsOf(quoted('a "b"\n'))[0]?.kind).toBe("text");
    expect(annotationWord("tenant")).toBe("annotation.tenant");
    expect(annotationWord("aws:api_id")).toBe('annotation["aws:api_id"]');
  });
});

test("the keywords are those of the documentation", () => {
  const text = readFileSync(new URL("../../../../docs/filters.md", import.meta.url), "utf8");
  const known = [...KEYWORDS, ...BRACED, ...GROUP_WORDS].map(({ word }) => word);
  for (const word of known) {
    const [kind, of, level] = word.split(".");
    if (kind === "rootcause") expect(text).toMatch(new RegExp(`rootcause\\.(fault|${of})\\.${level}`));
    else expect(text).toContain(word === "service" || word === "edge" ? `\`${word}(` : `\`${word}\``);
  }
  const inTables = [...text.matchAll(/^\| ((?:`[a-z.]+` ?)+)\|/gm)].flatMap(
    ([, words]) => words?.match(/[a-z.]+/g) ?? [],
  );
  expect(inTables.length).toBeGreaterThan(10);
  for (const word of inTables) if (!word.startsWith("annotation")) expect(known).toContain(word);
});

describe("the place of a refusal", () => {
  test("counts lines and characters as the server does", () => {
    const message = "Error Location: line 2, position 6 : Invalid input symbol: 'falt'";
    expect(misplacedIn('user = "é😀"\nAND (falt)', message)).toEqual({ start: 18, end: 22, line: 2, position: 6 });
    expect(misplacedIn("a", "Group not found")).toBeUndefined();
  });

  test("is the end where something is missing there", () => {
    const message = "Error Location: line 1, position 10 : Invalid input symbol: 'fault AND'";
    expect(misplacedIn("fault AND", message)).toEqual({ start: 9, end: 9, line: 1, position: 10 });
  });

  test("is told in the filter, though the server saw it within a group", () => {
    const question = scoped("user = bob", "slow");
    expect(question.expression).toBe('group.name = "slow" AND (user = bob)');
    const at = question.expression.indexOf("bob") + 1;
    const message = `Error Location: line 1, position ${at} : Invalid input symbol: 'bob'`;
    expect(misplacedInFilter("user = bob", question, message)).toEqual({ start: 7, end: 10, line: 1, position: 8 });
  });
});

test("a filter cannot reach out of its group", () => {
  expect(scoped("ok) OR (fault", "slow").expression).toBe("ok) OR (fault");
  expect(scoped("", "slow").expression).toBe('group.name = "slow"');
  expect(scoped("ok", undefined).expression).toBe("ok");
});

test("a hint tells what would fit, and what was meant", () => {
  expect(hintAt("responsetme > 2", 0).meant).toBe("responsetime");
  expect(hintAt("user = bob", 7).expected).toBe("a text in double quotes");
  expect(hintAt("fault && ok", 6).expected).toBe("=, !=, AND or OR");
  expect(hintAt("fault AND", 9).expected).toContain("a keyword");
  expect(hintAt('edge("a")', 8).expected).toBe("a comma and the called service");
  expect(hintAt("nonsense", 0).meant).toBeUndefined();
});
