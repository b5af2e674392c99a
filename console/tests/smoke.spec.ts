// Every page opens, complains of nothing, and is accessible, in light and in dark.

import { expect, test } from "./fixtures";

const PAGES = [
  ["traces", "Traces"],
  ["map", "Service map"],
  ["errors", "Errors"],
  ["sampling", "Sampling"],
  ["apis", "APIs"],
  ["functions", "Functions"],
  ["doctor", "Doctor"],
  ["start", "Send traces"],
] as const;

for (const [path, title] of PAGES) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`${title} opens in ${colorScheme}`, async ({ page, open, axe }) => {
      await page.emulateMedia({ colorScheme });
      await open(path);
      await expect(page.getByRole("heading", { level: 1 }).first()).toContainText(title);
      await axe(page);
    });
  }
}

test("the navigation leads to every page", async ({ page, open }) => {
  await open("");
  const navigation = page.getByRole("navigation", { name: "Side navigation" });
  for (const [path, title] of PAGES) {
    await navigation.getByRole("link", { name: title, exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`/_fluoro/console/${path}\\b`));
    await expect(page.getByRole("heading", { level: 1 }).first()).toContainText(title);
  }
});

test("a link of another site opens the page that it names", async ({ page, baseURL }) => {
  await page.route("http://elsewhere.test/", (route) =>
    route.fulfill({ contentType: "text/html", body: `<a href="${baseURL}sampling">the rules</a>` }),
  );
  await page.goto("http://elsewhere.test/");
  await page.getByRole("link").click();
  await expect(page.getByRole("heading", { level: 1 }).first()).toContainText("Sampling");
});

test("what the server does not answer is said on the page", async ({ page, open, expectProblem }) => {
  expectProblem(/\/_fluoro\/health/);
  await page.route("**/_fluoro/health", (route) => route.abort("connectionrefused"));
  await open("traces");
  await expect(page.getByText("The server does not answer", { exact: true }).first()).toBeVisible();
});
