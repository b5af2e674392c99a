import { describe, expect, test } from "vitest";
import { GUIDES } from ".";

const PLACES = { endpoint: "http://127.0.0.1:41234", daemon: "127.0.0.1:41235", otlp: "http://127.0.0.1:41236" };
const STANDARD = { endpoint: "http://127.0.0.1:4566", daemon: "127.0.0.1:2000" };

const VARIANTS = GUIDES.flatMap((guide) =>
  guide.variants.map((variant) => [`${guide.id} ${variant.id}`, variant] as const),
);

describe.each(VARIANTS)("%s", (_, variant) => {
  test("names this server's address and no other's", () => {
    const text = JSON.stringify(variant.steps(PLACES));
    expect(Object.values(PLACES).some((place) => text.includes(place))).toBe(true);
    expect(text).not.toContain(STANDARD.endpoint);
    expect(text).not.toContain(STANDARD.daemon);
  });

  test("has something to copy, and a title for each step", () => {
    const steps = variant.steps(STANDARD);
    expect(steps.some(({ code }) => code)).toBe(true);
    expect(steps.every(({ title, code, text }) => title && (code || text))).toBe(true);
  });
});

test("guides and their variants are told apart", () => {
  const names = VARIANTS.map(([name]) => name);
  expect(new Set(names).size).toBe(names.length);
});
