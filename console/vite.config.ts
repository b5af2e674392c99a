import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { licences } from "./licences.ts";

// `FLUORO=http://127.0.0.1:4566 npm run dev` asks that server for everything but the console itself.
const server = process.env["FLUORO"] ?? "http://127.0.0.1:4566";

export default defineConfig({
  base: "/_fluoro/console/",
  plugins: [react(), licences()],
  build: {
    // What is built is committed and compared, so it must not depend on where and when.
    target: "es2023",
    // The first that know `light-dark()`, which is rewritten for older ones: wrongly, as the theme is set by script.
    cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
    sourcemap: false,
    chunkSizeWarningLimit: 2_000,
    assetsInlineLimit: 0,
    // What every page loads is one file, and not one for each set of pages that share a part of it.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "first", tags: ["$initial"] }] } } },
  },
  server: {
    // The server refuses pages of other origins, so to it ours must look like its own.
    proxy: {
      "^/(?!_fluoro/console/)": { target: server, changeOrigin: true, headers: { origin: server } },
    },
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"], environment: "node" },
});
