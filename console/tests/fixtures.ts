// What every test of the console has: a page that fails the test when something in it goes wrong, and calls of the server.

import AxeBuilder from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";
import { type Operation, requestOf } from "../src/api/operation";

export { expect };

interface Fixtures {
  /** Says that a problem of the page that this fits is part of the test, which fails when it does not come. */
  expectProblem: (problem: RegExp) => void;
  /** Opens a page of the console by its path, as `traces?since=1h`, and waits for its heading. */
  open: (path: string) => Promise<void>;
  /** Fails when axe finds something serious or critical in the page as it is now. */
  axe: (page: Page) => Promise<void>;
  api: Api;
}

/** The server's APIs, asked beside the page. */
export interface Api {
  /** An AWS operation of `src/api/aws.ts`. */
  call: <Input extends object, Output>(operation: Operation<Input, Output>, input: Input) => Promise<Output>;
  /** Our own API: what follows `/_fluoro/`. */
  own: <Output>(path: string, options?: { method?: string; body?: unknown }) => Promise<Output>;
  /** Anything else on the server's port, whatever the answer's status. */
  ask: (path: string, init?: RequestInit) => Promise<Response>;
}

export const test = base.extend<Fixtures & { problems: Problems }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture needs
  problems: async ({}, use) => {
    const problems = new Problems();
    await use(problems);
    expect(problems.unexpected(), "what went wrong in the page").toEqual([]);
    expect(problems.missing(), "what should have gone wrong in the page").toEqual([]);
  },

  expectProblem: async ({ problems }, use) => {
    await use((problem) => problems.expect(problem));
  },

  page: async ({ page, problems, baseURL }, use) => {
    watch(page, problems, new URL(baseURL ?? "").origin);
    await use(page);
  },

  open: async ({ page }, use) => {
    await use(async (path) => {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 }).first()).toBeVisible();
    });
  },

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture needs
  axe: async ({}, use) => {
    await use(async (page) => {
      const { violations } = await new AxeBuilder({ page }).analyze();
      const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      // A few examples of each are enough to find the rest.
      const told = grave.flatMap(({ id, help, nodes }) =>
        nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${help}\n  ${html}\n  ${failureSummary ?? ""}`),
      );
      expect(told, `what axe says of ${page.url()}`).toEqual([]);
    });
  },

  api: async ({ baseURL }, use) => {
    const { origin } = new URL(baseURL ?? "");
    const ask = (path: string, init?: RequestInit) => fetch(origin + path, init);
    const answered = async <Output>(response: Response): Promise<Output> => {
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text}`);
      return (text ? JSON.parse(text) : {}) as Output;
    };
    await use({
      ask,
      call: async (operation, input) => {
        const { url, init } = requestOf(operation, input as Record<string, unknown>);
        return answered(await ask(url, init));
      },
      own: async (path, { method = "GET", body } = {}) =>
        answered(
          await ask(`/_fluoro/${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }),
        ),
    });
  },
});

/** What went wrong in a page, and what was to. */
class Problems {
  private readonly found: string[] = [];
  private readonly expected: RegExp[] = [];

  add(problem: string): void {
    this.found.push(problem);
  }

  expect(problem: RegExp): void {
    this.expected.push(problem);
  }

  unexpected(): string[] {
    return this.found.filter((problem) => !this.expected.some((expected) => expected.test(problem)));
  }

  missing(): string[] {
    return this.expected.filter((expected) => !this.found.some((problem) => expected.test(problem))).map(String);
  }
}

/** Takes down what the page complains of, what throws in it, and what it asks our server for in vain. */
function watch(page: Page, problems: Problems, origin: string): void {
  page.on("console", (message) => {
    if (message.type() === "error") problems.add(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => problems.add(`uncaught: ${error.stack ?? error.message}`));
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "failed";
    // A page that is left, or a question that nobody needs answered any more, is given up: nothing went wrong.
    if (why === "net::ERR_ABORTED" || !request.url().startsWith(origin)) return;
    problems.add(`request: ${request.method()} ${request.url()} ${why}`);
  });
  page.on("response", (response) => {
    if (response.status() < 400 || !response.url().startsWith(origin)) return;
    problems.add(`request: ${response.request().method()} ${response.url()} was answered ${response.status()}`);
  });
}
