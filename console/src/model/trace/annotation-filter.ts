// A filter expression for traces with the same annotation.

import type { Annotation } from "./documents";

/** Keys with other than letters, digits and underscores stand in brackets; texts in JSON's quotes. */
export function annotationFilter(key: string, value: Annotation): string {
  const word = /^[A-Za-z0-9_]+$/.test(key) ? `annotation.${key}` : `annotation[${JSON.stringify(key)}]`;
  return `${word} = ${typeof value === "string" ? JSON.stringify(value) : value}`;
}
