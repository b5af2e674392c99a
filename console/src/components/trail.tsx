// Where a page stands below others: links to those above it.

import BreadcrumbGroup, { type BreadcrumbGroupProps } from "@cloudscape-design/components/breadcrumb-group";
import { useRouter } from "@tanstack/react-router";

export interface Crumb {
  readonly text: string;
  /** A path below the console's; none for the page itself. */
  readonly to?: string;
}

export function Trail({ crumbs }: { crumbs: readonly Crumb[] }) {
  const router = useRouter();
  const items = crumbs.map((crumb): BreadcrumbGroupProps.Item & { to: string | undefined } => ({
    text: crumb.text,
    href: crumb.to ? `${router.basepath}${crumb.to}` : "#",
    to: crumb.to,
  }));
  return (
    <BreadcrumbGroup
      ariaLabel="Breadcrumbs"
      items={items}
      onFollow={(event) => {
        event.preventDefault();
        const { to } = event.detail.item;
        if (to) void router.navigate({ to });
      }}
    />
  );
}
