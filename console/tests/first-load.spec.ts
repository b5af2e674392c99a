import { expect, test } from "./fixtures";

/** Bytes, gzipped: what SPECIFICATION.md promises. */
const MOST = 500_000;

test("the first page loads no more JavaScript than promised", async ({ page, open }) => {
  await open("traces");
  await page.waitForLoadState("networkidle");
  const scripts = await page.evaluate(() => {
    const all = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    return all
      .filter(({ name }) => new URL(name).pathname.endsWith(".js"))
      .map(({ encodedBodySize, decodedBodySize }) => ({ encodedBodySize, decodedBodySize }));
  });
  expect(scripts.length).toBeGreaterThan(0);
  const sum = scripts.reduce((all, { encodedBodySize }) => all + encodedBodySize, 0);
  expect(sum).toBeGreaterThan(50_000);
  expect(sum).toBeLessThanOrEqual(MOST);
  // Compressed, or the number says nothing.
  expect(scripts.reduce((all, { decodedBodySize }) => all + decodedBodySize, 0)).toBeGreaterThan(2 * sum);
});
