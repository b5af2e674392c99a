// The frame around every page: navigation, notices, whether the server answers.

import AppLayout from "@cloudscape-design/components/app-layout";
import Flashbar from "@cloudscape-design/components/flashbar";
import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import TopNavigation from "@cloudscape-design/components/top-navigation";
import { useQuery } from "@tanstack/react-query";
import { createRootRoute, Outlet, useRouter, useRouterState } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import { health } from "../api/fluoro-api";
import { Failure, Loading } from "../components/states";
import { useNotices } from "./notices";
import { chooseTheme, useTheme } from "./theme";

export const rootRoute = createRootRoute({
  component: Frame,
  notFoundComponent: () => (
    <Failure what="There is no such page" error={new Error("Choose one of the pages at the left.")} />
  ),
  errorComponent: ({ error }) => <Failure what="This page broke" error={error} />,
});

const BASE = "/_fluoro/console";

const ITEMS: SideNavigationProps.Item[] = [
  {
    type: "section-group",
    title: "Traces",
    items: [
      { type: "link", text: "Traces", href: `${BASE}/traces` },
      { type: "link", text: "Service map", href: `${BASE}/map` },
      { type: "link", text: "Errors", href: `${BASE}/errors` },
      { type: "link", text: "Sampling", href: `${BASE}/sampling` },
    ],
  },
  {
    type: "section-group",
    title: "Applications",
    items: [
      { type: "link", text: "APIs", href: `${BASE}/apis` },
      { type: "link", text: "Functions", href: `${BASE}/functions` },
    ],
  },
  {
    type: "section-group",
    title: "Server",
    items: [
      { type: "link", text: "Doctor", href: `${BASE}/doctor` },
      { type: "link", text: "Send traces", href: `${BASE}/start` },
    ],
  },
];

function Frame() {
  const router = useRouter();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const notices = useNotices();
  const [navigationOpen, setNavigationOpen] = useState(() => window.innerWidth >= 1024);
  const active = ITEMS.flatMap((section) => ("items" in section ? section.items : [])).find(
    (item) => "href" in item && `${BASE}${path}`.startsWith(item.href),
  );
  return (
    <>
      <div id="top">
        <Top />
      </div>
      <AppLayout
        headerSelector="#top"
        toolsHide
        navigationOpen={navigationOpen}
        onNavigationChange={({ detail }) => setNavigationOpen(detail.open)}
        navigation={
          <SideNavigation
            activeHref={active && "href" in active ? active.href : ""}
            items={ITEMS}
            onFollow={(event) => {
              if (event.detail.external) return;
              event.preventDefault();
              void router.navigate({ to: event.detail.href.slice(BASE.length) });
              if (window.innerWidth < 1024) setNavigationOpen(false);
            }}
          />
        }
        notifications={<Flashbar items={[...notices]} stackItems />}
        content={
          <Suspense fallback={<Loading what="the page" />}>
            <Outlet />
          </Suspense>
        }
        contentType="table"
      />
    </>
  );
}

function Top() {
  const router = useRouter();
  const theme = useTheme();
  const server = useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => health(signal),
    refetchInterval: 5_000,
    retry: false,
  });
  const state = server.isError
    ? "Server does not answer"
    : server.data
      ? `Fluoro ${server.data.version}`
      : "Connecting";
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
          text: state,
          iconName: server.isError ? "status-negative" : "status-positive",
          disableUtilityCollapse: false,
        },
        {
          type: "menu-dropdown",
          iconName: "settings",
          ariaLabel: "Appearance",
          title: "Appearance",
          items: [
            { id: "system", text: "As the system", ...(theme === "system" ? { iconName: "check" as const } : {}) },
            { id: "light", text: "Light", ...(theme === "light" ? { iconName: "check" as const } : {}) },
            { id: "dark", text: "Dark", ...(theme === "dark" ? { iconName: "check" as const } : {}) },
          ],
          onItemClick: ({ detail }) => {
            const { id } = detail;
            if (id === "system" || id === "light" || id === "dark") chooseTheme(id);
          },
        },
      ]}
    />
  );
}
