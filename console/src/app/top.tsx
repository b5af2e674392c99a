// The bar at the top: whose console this is, how the server is, light or dark.

import TopNavigation, { type TopNavigationProps } from "@cloudscape-design/components/top-navigation";
import { useRouter } from "@tanstack/react-router";
import { BASE } from "./navigation";
import type { Server } from "./server";
import { chooseTheme, type Theme, useTheme } from "./theme";

const THEMES: readonly { id: Theme; text: string }[] = [
  { id: "system", text: "As the system" },
  { id: "light", text: "Light" },
  { id: "dark", text: "Dark" },
];

export function Top({ server }: { server: Server }) {
  const router = useRouter();
  const theme = useTheme();
  return (
    <TopNavigation
      identity={{
        href: `${BASE}/`,
        title: "Fluoro",
        logo: { src: `${BASE}/icon.svg`, alt: "" },
        onFollow: (event) => {
          event.preventDefault();
          void router.navigate({ to: "/" });
        },
      }}
      utilities={[
        {
          type: "button",
          ...signOf(server),
          onClick: () => void router.navigate({ to: "/doctor" }),
        },
        {
          type: "menu-dropdown",
          iconName: "settings",
          ariaLabel: "Appearance",
          title: "Appearance",
          items: THEMES.map((one) => ({
            ...one,
            itemType: "checkbox" as const,
            checked: one.id === theme,
          })),
          onItemClick: ({ detail }) => {
            const chosen = THEMES.find(({ id }) => id === detail.id);
            if (chosen) chooseTheme(chosen.id);
          },
        },
      ]}
    />
  );
}

function signOf(server: Server): Pick<TopNavigationProps.ButtonUtility, "text" | "iconName" | "ariaLabel"> {
  switch (server.state) {
    case "connecting":
      return { text: "Connecting", iconName: "status-pending" };
    case "up":
      return { text: `Fluoro ${server.version}`, iconName: "status-positive" };
    case "starting":
      return { text: "Starting", iconName: "status-in-progress" };
    case "down":
      return { text: "Server does not answer", iconName: "status-negative" };
  }
}
