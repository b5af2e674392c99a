// The licences of everything that the build takes in, as one file of the build: whoever gets the console gets them, too.
// `scripts/licences` checks them against `deny.toml`.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

interface Package {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly licence: string;
  readonly text: string;
}

export function licences(): Plugin {
  return {
    name: "licences",
    apply: "build",
    generateBundle() {
      const packages = new Map<string, Package>();
      for (const id of this.getModuleIds()) {
        const home = homeOf(id);
        if (home && !packages.has(home)) packages.set(home, packageAt(home));
      }
      const sorted = [...packages.values()].sort((one, other) => (titleOf(one) < titleOf(other) ? -1 : 1));
      const source = sorted.map((one) => `=== ${titleOf(one)}: ${one.licence}\n\n${one.text}\n`).join("\n");
      this.emitFile({ type: "asset", fileName: "licenses.txt", source });
    },
  };
}

function titleOf({ name, version }: Package): string {
  return `${name} ${version}`;
}

/** The folder of the package that a module belongs to; undefined for modules of ours and of the build itself. */
function homeOf(id: string): string | undefined {
  const path = id.replace(/^\0/, "").split("?")[0] ?? "";
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
}

function packageAt(home: string): Package {
  const told = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as Record<string, unknown>;
  const { name, version, license } = told;
  if (typeof name !== "string" || typeof version !== "string" || typeof license !== "string") {
    throw new Error(`${home}/package.json does not say its name, version and licence`);
  }
  return { name, version, licence: license, text: textAt(home) };
}

/** What the package's licence says. Packages of one repository may leave that to the folder above. */
function textAt(home: string): string {
  const files = readdirSync(home).filter((file) => /^(licen[cs]e|copying|notice|third[-_]party)/i.test(file));
  const texts = files.sort().map((file) => readFileSync(join(home, file), "utf8").trim());
  return texts.join("\n\n") || "The package has no text of its licence.";
}
