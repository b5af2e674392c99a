// A filter expression for traces with the same annotation.

import { annotationWord, quoted } from "../filter/lex";
import type { Annotation } from "./documents";

export function annotationFilter(key: string, value: Annotation): string {
  return `${annotationWord(key)} = ${typeof value === "string" ? quoted(value) : value}`;
}
