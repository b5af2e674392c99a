// The console against a real server, which FLUORO_CONSOLE names: scripts/console-tests starts one with the examples' traffic.

import { defineConfig } from "@playwright/test";

const console_ = process.env["FLUORO_CONSOLE"];
if (!console_)
  throw new Error("FLUORO_CONSOLE=http://127.0.0.1:4566/_fluoro/console/ says where; see scripts/console-tests");

export default defineConfig({
  testDir: "tests",
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: "line",
  use: {
    baseURL: console_,
    headless: true,
    viewport: { width: 1440, height: 900 },
    // What fades in has, for a moment, too little contrast.
    contextOptions: { reducedMotion: "reduce" },
    trace: "off",
    screenshot: "off",
    video: "off",
    launchOptions: {
      // Debian's: nothing is downloaded, and as root it has no sandbox of its own.
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
