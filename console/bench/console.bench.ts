// Each measurement is made on a page that the browser has seen before, but for the first one; five times, the median counts.

import type { Page } from "@playwright/test";
import { test } from "../tests/fixtures";
import { send } from "../tests/segments";
import { largeSegment, manyServices, SERVICES } from "./load";

const TIMES = 5;

/** Documents in one call of PutTraceSegments. */
const BATCH = 50;

const SCROLL_MS = 3_000;

/** Says a number to whoever started this. */
function tell(name: string, value: number): void {
  process.stdout.write(`\nMEASURED ${JSON.stringify({ name, value })}\n`);
}

/** Milliseconds from the start of the navigation until as many elements are there. */
async function timeUntil(page: Page, path: string, selector: string, count: number): Promise<number> {
  await page.goto(path, { waitUntil: "commit" });
  const seen = await page.waitForFunction(
    ([wanted, least]) => document.querySelectorAll(wanted).length >= least && performance.now(),
    [selector, count] as const,
    { polling: "raf" },
  );
  return Number(await seen.jsonValue());
}

async function median(measure: () => Promise<number>): Promise<number> {
  const measured = [];
  for (let time = 0; time < TIMES; time++) measured.push(await measure());
  return measured.sort((one, other) => one - other)[Math.floor(TIMES / 2)] ?? Number.NaN;
}

/** Bytes of the JavaScript that the page has loaded, as it came. */
function scriptBytes(page: Page): Promise<number> {
  return page.evaluate(() => {
    const all = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    const scripts = all.filter(({ name }) => new URL(name).pathname.endsWith(".js"));
    return scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
  });
}

test("the first page", async ({ browser, baseURL }) => {
  const sizes: number[] = [];
  const time = await median(async () => {
    // Nothing is in the cache of a context that is new.
    const context = await browser.newContext({ ...(baseURL ? { baseURL } : {}) });
    const page = await context.newPage();
    const taken = await timeUntil(page, "traces?since=1h", "tbody tr a", 5);
    await page.waitForLoadState("networkidle");
    sizes.push(await scriptBytes(page));
    await context.close();
    return taken;
  });
  tell("first page", time);
  tell("first scripts", Math.max(...sizes));
});

test("a large trace", async ({ page, api }) => {
  const { trace, document } = largeSegment();
  await send(api.ask, [document]);
  const path = `traces/${trace}`;
  await timeUntil(page, path, "[role=treegrid] [role=row]", 10);
  tell("trace", await median(() => timeUntil(page, path, "[role=treegrid] [role=row]", 10)));
  tell("scrolling", await median(() => framesPerSecond(page)));
});

/** Frames a second while the waterfall is scrolled from its top on, as fast as somebody turns a wheel. */
function framesPerSecond(page: Page): Promise<number> {
  return page.evaluate(async (lasts) => {
    const grid = document.querySelector("[role=treegrid]");
    let scrolled: Element | null = grid;
    while (scrolled && scrolled.scrollHeight <= scrolled.clientHeight + 1) scrolled = scrolled.parentElement;
    const scroller = scrolled ?? document.documentElement;
    scroller.scrollTop = 0;
    const next = () => new Promise<number>((frame) => requestAnimationFrame(frame));
    const begun = await next();
    let [frames, now] = [0, begun];
    while (now - begun < lasts) {
      scroller.scrollTop += 120;
      now = await next();
      frames++;
    }
    if (scroller.scrollTop === 0) throw new Error("nothing scrolls");
    return (frames * 1000) / (now - begun);
  }, SCROLL_MS);
}

test("a large map", async ({ page, api }) => {
  const documents = manyServices();
  for (let at = 0; at < documents.length; at += BATCH) await send(api.ask, documents.slice(at, at + BATCH));
  const path = "map?since=15m&live=false";
  await timeUntil(page, path, ".react-flow__node", SERVICES);
  tell("map", await median(() => timeUntil(page, path, ".react-flow__node", SERVICES)));
});
