// Sampling: which rules there are and what they do, and why requests were or were not sampled.

import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { ApiChooser } from "./api-chooser";
import { Decisions } from "./decisions";
import { RulesTable } from "./rules-table";

const route = getRouteApi("/sampling");

export function SamplingPage() {
  const { view } = route.useSearch();
  const navigate = route.useNavigate();
  const [choosing, setChoosing] = useState(false);
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description="Rules say which requests are traced. The first that fits a request decides: its reservoir keeps so many a second, its rate a share of the rest."
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={() => setChoosing(true)}>Sample everything of an API</Button>
              <Button variant="primary" onClick={() => void navigate({ to: "/sampling/new" })}>
                Create rule
              </Button>
            </SpaceBetween>
          }
        >
          Sampling
        </Header>
      }
    >
      <Tabs
        ariaLabel="Parts of sampling"
        activeTabId={view ?? "rules"}
        onChange={({ detail }) =>
          void navigate({ to: "/sampling", search: detail.activeTabId === "decisions" ? { view: "decisions" } : {} })
        }
        tabs={[
          { id: "rules", label: "Rules", content: <RulesTable /> },
          { id: "decisions", label: "Recent decisions", content: <Decisions /> },
        ]}
      />
      <ApiChooser visible={choosing} onDismiss={() => setChoosing(false)} />
    </ContentLayout>
  );
}
