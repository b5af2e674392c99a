import { expect, test } from "vitest";
import { LongNumber } from "../exact-json";
import { annotationFilter } from "./annotation-filter";

test("texts are quoted, numbers keep their digits", () => {
  expect(annotationFilter("customer", 'Ada "the first"')).toBe('annotation.customer = "Ada \\"the first\\""');
  expect(annotationFilter("total", 9.5)).toBe("annotation.total = 9.5");
  expect(annotationFilter("order", new LongNumber("12345678901234567890"))).toBe(
    "annotation.order = 12345678901234567890",
  );
});
