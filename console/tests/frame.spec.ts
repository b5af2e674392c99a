// The frame around every page: how the keyboard moves in it, what it says of the server, light and dark.

import { expect, test } from "./fixtures";

test("after navigation by keyboard the new page's heading has the focus, and the tab its title", async ({
  page,
  open,
}) => {
  await open("doctor");
  await expect(page).toHaveTitle("Doctor · Fluoro");
  await page.getByRole("link", { name: "Sampling", exact: true }).press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Sampling" })).toBeFocused();
  await expect(page).toHaveTitle("Sampling · Fluoro");
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Doctor" })).toBeFocused();
  await expect(page).toHaveTitle("Doctor · Fluoro");
});

test("a page that takes the focus itself keeps it", async ({ page, open }) => {
  await open("sampling");
  await page.getByRole("button", { name: "Create rule" }).press("Enter");
  await expect(page.getByLabel("Rule name")).toBeFocused();
});

test("the first Tab leads past the navigation", async ({ page, open }) => {
  await open("doctor");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("button", { name: "Skip to the content" });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Doctor" })).toBeFocused();
  await expect(skip).not.toBeInViewport();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Look again" })).toBeFocused();
});

test("a page that is not there says so, in the frame", async ({ page, open, axe }) => {
  await open("nowhere/at-all");
  await expect(page.getByRole("heading", { level: 1, name: "Page not found" })).toBeVisible();
  await expect(page.getByText("There is no page /nowhere/at-all")).toBeVisible();
  await axe(page);
  await page.getByRole("link", { name: "traces", exact: true }).click();
  await expect(page).toHaveURL(/\/traces$/);
});

test("the colours are chosen, and stay chosen", async ({ page, open }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await open("doctor");
  const body = page.locator("body");
  await expect(body).not.toHaveClass(/dark-mode/);
  await page.getByRole("button", { name: "Appearance" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Dark" }).click();
  await expect(body).toHaveClass(/dark-mode/);
  await page.reload();
  await expect(body).toHaveClass(/dark-mode/);
  await page.getByRole("button", { name: "Appearance" }).click();
  await expect(page.getByRole("menuitemcheckbox", { name: "Dark" })).toBeChecked();
  await page.getByRole("menuitemcheckbox", { name: "As the system" }).click();
  await expect(body).not.toHaveClass(/dark-mode/);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect(body).toHaveClass(/dark-mode/);
});

test("a server that is away is told of, and what it says afterwards is read anew", async ({
  page,
  open,
  axe,
  expectProblem,
}) => {
  await open("doctor");
  await expect(page.getByRole("table", { name: "Clients" })).toBeVisible();
  expectProblem(/ERR_CONNECTION_REFUSED/);
  await page.route("**/_fluoro/health", (route) => route.abort("connectionrefused"));
  await page.route("**/_fluoro/doctor", (route) => route.abort("connectionrefused"));
  const banner = page.getByRole("group", { name: /The server does not answer/ });
  await expect(banner).toBeVisible();
  await expect(page.getByRole("button", { name: "Server does not answer" })).toBeVisible();
  await expect(page.getByText("The report could not be read")).toBeVisible({ timeout: 30_000 });
  await axe(page);
  await page.unroute("**/_fluoro/doctor");
  await page.unroute("**/_fluoro/health");
  await expect(banner).toHaveCount(0);
  await expect(page.getByText("The report could not be read")).toHaveCount(0);
});

test("a server that still reads says how far it is", async ({ page, open, expectProblem }) => {
  expectProblem(/\/_fluoro\/health/);
  const starting = { status: "starting", percent_read: 37, documents: 5, traces_waiting: 1 };
  await page.route("**/_fluoro/health", (route) => route.fulfill({ status: 503, json: starting }));
  await open("start");
  await expect(page.getByText("The server is starting: 37% of what it has stored is read").first()).toBeVisible();
  await page.unroute("**/_fluoro/health");
  await expect(page.getByText("The server is starting")).toHaveCount(0);
});

test("with no network the server on this machine is asked all the same", async ({ page, open }) => {
  await open("start");
  await page.evaluate(() => window.dispatchEvent(new Event("offline")));
  await page.getByRole("navigation", { name: "Side navigation" }).getByRole("link", { name: "Functions" }).click();
  await expect(page.getByRole("table", { name: "Functions" }).getByRole("rowheader").first()).toBeVisible();
});

test("on a phone the navigation opens over the page, and goes when a page is chosen", async ({ page, open, axe }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open("doctor");
  const navigation = page.getByRole("navigation", { name: "Side navigation" });
  const sampling = navigation.getByRole("link", { name: "Sampling", exact: true });
  await expect(sampling).not.toBeVisible();
  await page.getByRole("button", { name: "Open the navigation" }).click();
  await axe(page);
  await sampling.click();
  await expect(page.getByRole("heading", { level: 1, name: "Sampling" })).toBeFocused();
  await expect(sampling).not.toBeVisible();
  await axe(page);
});
