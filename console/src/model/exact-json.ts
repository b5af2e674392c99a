// Reading JSON without losing digits: whole numbers that a double cannot hold keep the digits they were sent with, in
// browsers that tell a reviver what stood there.

/** A whole number beyond what a double holds. */
export class LongNumber {
  constructor(readonly digits: string) {}

  toString(): string {
    return this.digits;
  }

  /** Written as it was read. */
  toJSON(): unknown {
    return rawJson?.(this.digits) ?? this.digits;
  }
}

// Not yet in TypeScript's library: https://github.com/tc39/proposal-json-parse-with-source
type RawJson = (text: string) => unknown;
const rawJson = (JSON as { rawJSON?: RawJson }).rawJSON;

/** Digits of a number, not of a text. */
const LONG = /[:,[\s]-?\d{16}/;

export function parseExact(text: string): unknown {
  // Most texts have no such number, and a reviver would be called for each of their values.
  return LONG.test(text) && rawJson ? JSON.parse(text, keepDigits) : JSON.parse(text);
}

function keepDigits(this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  const lossy = typeof value === "number" && source !== undefined && /^-?\d{16,}$/.test(source);
  return lossy && !Number.isSafeInteger(value) ? new LongNumber(source) : value;
}
