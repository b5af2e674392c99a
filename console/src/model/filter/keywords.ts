// The words of filter expressions, and where each may stand: as docs/filters.md has them.

/** What a test is about: the trace, or what is in the braces of a service, a call or a root cause. */
export type Level = "trace" | "service" | "edge" | "cause service" | "cause entity" | "slow entity" | "cause exception";

export type KeywordKind = "flag" | "number" | "text";

export interface Keyword {
  readonly word: string;
  readonly kind: KeywordKind;
  readonly meaning: string;
  readonly levels: readonly Level[];
}

const REQUEST: readonly Level[] = ["trace", "service", "edge"];
const SEGMENT: readonly Level[] = ["trace", "service"];
const CAUSE: readonly Level[] = ["cause service", "cause entity", "slow entity", "cause exception"];

export const KEYWORDS: readonly Keyword[] = [
  { word: "fault", kind: "flag", meaning: "the root answered 5xx", levels: REQUEST },
  { word: "error", kind: "flag", meaning: "the root answered 4xx, but not 429", levels: REQUEST },
  { word: "throttle", kind: "flag", meaning: "the root answered 429", levels: REQUEST },
  { word: "ok", kind: "flag", meaning: "the root ended well", levels: REQUEST },
  { word: "responsetime", kind: "number", meaning: "seconds until the root answered", levels: REQUEST },
  { word: "duration", kind: "number", meaning: "seconds until all work had ended", levels: SEGMENT },
  { word: "http.status", kind: "number", meaning: "status of the response", levels: REQUEST },
  { word: "http.url", kind: "text", meaning: "URL of the request", levels: REQUEST },
  { word: "http.method", kind: "text", meaning: "method of the request", levels: REQUEST },
  { word: "http.useragent", kind: "text", meaning: "user agent of the client", levels: REQUEST },
  { word: "http.clientip", kind: "text", meaning: "address of the client", levels: REQUEST },
  { word: "user", kind: "text", meaning: "user of any segment", levels: SEGMENT },
  { word: "availabilityzone", kind: "text", meaning: "zone of any segment", levels: SEGMENT },
  { word: "instance.id", kind: "text", meaning: "EC2 instance of any segment", levels: SEGMENT },
  { word: "resource.arn", kind: "text", meaning: "resource of any segment", levels: SEGMENT },
  { word: "partial", kind: "flag", meaning: "a parent has not come", levels: SEGMENT },
  {
    word: "inferred",
    kind: "flag",
    meaning: "known from its caller only",
    levels: ["trace", "service", "cause service", "cause entity", "slow entity"],
  },
  { word: "root", kind: "flag", meaning: "the trace begins here", levels: ["service"] },
  { word: "name", kind: "text", meaning: "its name", levels: ["service", ...CAUSE] },
  { word: "type", kind: "text", meaning: "type of the service", levels: ["service", "cause service"] },
  { word: "account.id", kind: "text", meaning: "account of the service", levels: ["service", "cause service"] },
  { word: "message", kind: "text", meaning: "message of the exception", levels: ["cause exception"] },
  { word: "first", kind: "flag", meaning: "the path begins here", levels: CAUSE },
  { word: "last", kind: "flag", meaning: "the path ends here", levels: CAUSE },
  { word: "index", kind: "number", meaning: "place in the path, from 0", levels: CAUSE },
  { word: "remote", kind: "flag", meaning: "a call of another service", levels: ["cause entity", "slow entity"] },
  { word: "coverage", kind: "number", meaning: "share of the root's time, 0 to 1", levels: ["slow entity"] },
];

/** Words of trace level that take braces, with what stands in them. */
export const BRACED: readonly { readonly word: string; readonly meaning: string; readonly inside: Level }[] = [
  { word: "service", meaning: "a service took part", inside: "service" },
  { word: "edge", meaning: "one service called another", inside: "edge" },
  { word: "rootcause.fault.service", meaning: "a fault leads through a service", inside: "cause service" },
  { word: "rootcause.fault.entity", meaning: "a fault leads through a segment", inside: "cause entity" },
  { word: "rootcause.fault.exception", meaning: "a fault comes from an exception", inside: "cause exception" },
  { word: "rootcause.error.service", meaning: "an error leads through a service", inside: "cause service" },
  { word: "rootcause.error.entity", meaning: "an error leads through a segment", inside: "cause entity" },
  { word: "rootcause.error.exception", meaning: "an error comes from an exception", inside: "cause exception" },
  { word: "rootcause.responsetime.service", meaning: "the time goes to a service", inside: "cause service" },
  { word: "rootcause.responsetime.entity", meaning: "the time goes to a segment", inside: "slow entity" },
];

export const GROUP_WORDS: readonly { readonly word: string; readonly meaning: string }[] = [
  { word: "group.name", meaning: "what a group's filter finds now" },
  { word: "group.arn", meaning: "what a group's filter finds now" },
];

export const CAUSE_JSON = "rootcause.json";

export const TEXT_OPERATORS = ["=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH"] as const;
export const NUMBER_OPERATORS = ["=", "!=", ">", ">=", "<", "<="] as const;
export const FLAG_OPERATORS = ["=", "!="] as const;

/** The keyword spelled so, in any case. */
export function keywordOf(word: string): Keyword | undefined {
  const lower = word.toLowerCase();
  return KEYWORDS.find((keyword) => keyword.word === lower);
}

/** Whether a word is an operator between a keyword and its text. */
export function isTextOperator(word: string): boolean {
  return /^(?:contains|beginswith|endswith)$/i.test(word);
}

/** Whether a word joins clauses. */
export function isJoiner(word: string): boolean {
  return /^(?:and|or)$/i.test(word);
}

/** How a word that begins an annotation is written, with its key when that follows a dot. */
export function annotationPrefix(word: string): { readonly of: string; readonly key?: string } | undefined {
  const found = /^((?:source\.|destination\.)?annotation)(?:\.([A-Za-z0-9_]+))?$/i.exec(word);
  if (!found?.[1]) return undefined;
  return { of: found[1].toLowerCase(), ...(found[2] === undefined ? {} : { key: found[2] }) };
}
