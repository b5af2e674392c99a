// The pages of the console, as the navigation lists them, and what a page is called.

import type { SideNavigationProps } from "@cloudscape-design/components/side-navigation";

/** Where the console lives on its server. */
export const BASE = "/_fluoro/console";

export interface Page {
  readonly text: string;
  /** Below the console's base. */
  readonly path: string;
}

interface Section {
  readonly title: string;
  readonly pages: readonly Page[];
}

const SECTIONS: readonly Section[] = [
  {
    title: "X-Ray",
    pages: [
      { text: "Traces", path: "/traces" },
      { text: "Service map", path: "/map" },
      { text: "Errors", path: "/errors" },
      { text: "Sampling", path: "/sampling" },
    ],
  },
  {
    title: "Applications",
    pages: [
      { text: "APIs", path: "/apis" },
      { text: "Functions", path: "/functions" },
    ],
  },
  {
    title: "Server",
    pages: [
      { text: "Doctor", path: "/doctor" },
      { text: "Send traces", path: "/start" },
    ],
  },
];

export const NAVIGATION: SideNavigationProps.Item[] = SECTIONS.map(({ title, pages }) => ({
  type: "section-group",
  title,
  items: pages.map(({ text, path }) => ({ type: "link", text, href: `${BASE}${path}` })),
}));

/** The page of the navigation to which a path below the base belongs. */
export function pageOf(path: string): Page | undefined {
  const pages = SECTIONS.flatMap((section) => section.pages);
  return pages.find((page) => path === page.path || path.startsWith(`${page.path}/`));
}

/** The title of the browser's tab: what is special before what is common. `1-67891233-… · Traces · Fluoro`. */
export function titleOf(path: string): string {
  const page = pageOf(path);
  if (!page) return "Fluoro";
  const rest = path.slice(page.path.length).split("/").filter(Boolean).map(decoded);
  return [...rest.reverse(), page.text, "Fluoro"].join(" · ");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
