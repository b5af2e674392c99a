// The frame around every page: navigation, notices, whether the server answers.

import AppLayout from "@cloudscape-design/components/app-layout-toolbar";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import SideNavigation from "@cloudscape-design/components/side-navigation";
import { createRootRoute, Outlet, useRouter, useRouterState } from "@tanstack/react-router";
import { Suspense, useEffect, useState } from "react";
import { ApiError } from "../api/operation";
import { Loading } from "../components/states";
import { CONTENT_ID, focusContent, useFocusAfterNavigation } from "./focus";
import css from "./frame.module.css";
import { BASE, NAVIGATION, type Page, pageOf, titleOf } from "./navigation";
import { explain, useNotices } from "./notices";
import { type Server, useServer } from "./server";
import { Top } from "./top";
import { type Crumb, useTrail } from "./trail";

export const rootRoute = createRootRoute({ component: Frame });

/** Below this width the navigation lies over the page. */
const NARROW_PX = 1024;

function Frame() {
  const router = useRouter();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const notices = useNotices();
  const server = useServer();
  const [navigationOpen, setNavigationOpen] = useState(() => window.innerWidth >= NARROW_PX);
  useFocusAfterNavigation();
  useEffect(() => {
    document.title = titleOf(path);
  }, [path]);
  const page = pageOf(path);
  return (
    <>
      <button type="button" className={css.skip} onClick={focusContent}>
        Skip to the content
      </button>
      <div id="top" className={css.top}>
        <Top server={server} />
      </div>
      <AppLayout
        headerSelector="#top"
        toolsHide
        ariaLabels={{
          navigation: "Side navigation",
          navigationClose: "Close the navigation",
          navigationToggle: "Open the navigation",
          notifications: "Notices",
        }}
        navigationOpen={navigationOpen}
        onNavigationChange={({ detail }) => setNavigationOpen(detail.open)}
        navigation={
          <SideNavigation
            activeHref={page ? `${BASE}${page.path}` : ""}
            items={NAVIGATION}
            onFollow={(event) => {
              if (event.detail.external) return;
              event.preventDefault();
              void router.navigate({ to: event.detail.href.slice(BASE.length) });
              if (window.innerWidth < NARROW_PX) setNavigationOpen(false);
            }}
          />
        }
        notifications={<Flashbar items={[...bannersOf(server), ...notices]} stackItems />}
        content={
          <div id={CONTENT_ID} className={css.content}>
            <Suspense fallback={<Loading what="the page" />}>
              <Outlet />
            </Suspense>
          </div>
        }
        contentType="table"
        breadcrumbs={<Breadcrumbs page={page} />}
      />
    </>
  );
}

/** Where the page stands; a page that says nothing of it stands for itself. */
function Breadcrumbs({ page }: { page: Page | undefined }) {
  const router = useRouter();
  const trail = useTrail();
  const crumbs: readonly Crumb[] = trail.length > 0 ? trail : page ? [{ text: page.text }] : [];
  const items = [{ text: "Fluoro", to: "/" }, ...crumbs].map(({ text, to }) => ({
    text,
    to,
    href: to ? `${BASE}${to}` : "",
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

/** What everybody must know before anything else. It goes away by itself. */
function bannersOf(server: Server): FlashbarProps.MessageDefinition[] {
  switch (server.state) {
    case "connecting":
    case "up":
      return [];
    case "starting":
      return [
        {
          id: "server",
          type: "in-progress",
          ariaRole: "status",
          loading: true,
          header: `The server is starting: ${server.percentRead}% of what it has stored is read`,
          content: "This page goes on by itself.",
        },
      ];
    case "down": {
      const refuses = server.error instanceof ApiError && server.error.status >= 400 && server.error.status < 500;
      return [
        {
          id: "server",
          type: "error",
          ariaRole: "alert",
          header: refuses ? "The server refuses to talk to this page" : "The server does not answer",
          content: refuses ? explain(server.error) : "Start it again with fluoro serve. This page goes on by itself.",
        },
      ];
    }
  }
}
