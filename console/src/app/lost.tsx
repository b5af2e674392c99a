// What stands in a page's place when there is no such page, or it cannot be shown.

import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import { useRouterState } from "@tanstack/react-router";
import { PageLink } from "../components/page-link";
import { Empty, Failure } from "../components/states";

export function NotFound() {
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <ContentLayout header={<Header variant="h1">Page not found</Header>}>
      <Empty title={`There is no page ${path}`}>
        The address may be mistyped, or of another version. Go to the <PageLink to="/traces">traces</PageLink>, or
        choose a page in the navigation.
      </Empty>
    </ContentLayout>
  );
}

export function Broken({ error, reset }: { error: unknown; reset: () => void }) {
  // A server of another version does not have the parts of this console that are not loaded yet.
  const isOld = error instanceof Error && /dynamically imported module|module script|preload CSS/i.test(error.message);
  return (
    <ContentLayout header={<Header variant="h1">This page cannot be shown</Header>}>
      {isOld ? (
        <Empty title="A part of the console could not be loaded">
          <p>The server is another one, or does not answer.</p>
          <Button onClick={() => window.location.reload()}>Load the console again</Button>
        </Empty>
      ) : (
        <Failure what="This page broke" error={error} retry={reset} />
      )}
    </ContentLayout>
  );
}
