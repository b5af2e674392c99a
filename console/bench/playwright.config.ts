// What SPECIFICATION.md promises of the console in numbers: scripts/bench-console starts the server, runs this and writes them down.

import { defineConfig } from "@playwright/test";
import base from "../playwright.config.ts";

export default defineConfig(base, {
  testDir: ".",
  testMatch: "*.bench.ts",
  workers: 1,
  fullyParallel: false,
  timeout: 120_000,
});
