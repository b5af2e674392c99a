// Reads what pages keep in the URL's search. What somebody typed into the address bar is dropped where it makes no
// sense, instead of breaking the page.

/** A text; the router reads `7` and `true` as what JSON means by them. */
export function text(value: unknown): string | undefined {
  if (typeof value === "string") return value || undefined;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

export function oneOf<T extends string>(known: readonly T[], value: unknown): T | undefined {
  return known.find((one) => one === value);
}

/** A search after a change, in which a member that is undefined goes. */
export function merged<T extends object>(search: T, change: { [K in keyof T]?: T[K] | undefined }): T {
  return present({ ...search, ...change }) as T;
}

/** Without the members that are not there, so that they do not stand in the URL. */
export function present<T extends object>(search: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const there = Object.entries(search).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
