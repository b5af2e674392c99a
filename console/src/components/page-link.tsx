// A link to another page of the console, in Cloudscape's clothes: a click stays in the page, a middle click opens a tab.

import Link, { type LinkProps } from "@cloudscape-design/components/link";
import { type LinkOptions, type RegisteredRouter, useRouter } from "@tanstack/react-router";

type Props = Omit<LinkProps, "href" | "onFollow"> & {
  to: LinkOptions<RegisteredRouter>["to"];
  params?: Record<string, string>;
  search?: Record<string, unknown>;
};

export function PageLink({ to, params, search, ...rest }: Props) {
  const router = useRouter();
  // The router checks what it is given where routes are declared; here any page may be meant.
  const target = { to, params, search } as unknown as Parameters<typeof router.navigate>[0];
  const { href } = router.buildLocation(target as unknown as Parameters<typeof router.buildLocation>[0]);
  return (
    <Link
      {...rest}
      href={href}
      onFollow={(event) => {
        event.preventDefault();
        void router.navigate(target);
      }}
    />
  );
}
