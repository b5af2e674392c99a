// What a function writes, as it comes: the newest lines at the end, searched, followed until somebody stops.

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { SearchInput } from "../../components/search-input";
import { Empty, Failure } from "../../components/states";
import { LogLines } from "./log-lines";
import { useLog } from "./use-log";

const route = getRouteApi("/functions/$name");

export function Log({ name }: { name: string }) {
  const { q = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const [following, setFollowing] = useState(true);
  const [attempt, setAttempt] = useState(0);
  const { lines, error } = useLog(name, following, attempt);
  const wanted = q.toLowerCase();
  const shown = wanted ? lines.filter((line) => line.text.toLowerCase().includes(wanted)) : lines;
  const searchFor = (text: string) =>
    void navigate({ search: ({ q: _, ...before }) => ({ ...before, ...(text && { q: text }) }), replace: true });
  return (
    <Container
      header={
        <Header
          variant="h2"
          counter={wanted ? `(${shown.length} of ${lines.length})` : `(${lines.length})`}
          actions={
            <SpaceBetween direction="horizontal" size="s" alignItems="center">
              {following && !error && <StatusIndicator type="in-progress">Live</StatusIndicator>}
              <Button iconName={following ? "pause" : "play"} onClick={() => setFollowing(!following)}>
                {following ? "Pause" : "Follow"}
              </Button>
            </SpaceBetween>
          }
        >
          Log lines
        </Header>
      }
    >
      <SpaceBetween size="s">
        {error !== undefined && (
          <Failure what="The log cannot be followed" error={error} retry={() => setAttempt(attempt + 1)} />
        )}
        <SearchInput label="Find log lines" placeholder="Find log lines" text={q} onText={searchFor} />
        {shown.length > 0 ? (
          <LogLines lines={shown} following={following} />
        ) : lines.length > 0 ? (
          <Empty title="No line matches">The search looks at the newest 10,000 lines.</Empty>
        ) : (
          <Empty title="The function has written nothing">
            Invoke it from the Test tab: its lines come here at once.
          </Empty>
        )}
      </SpaceBetween>
    </Container>
  );
}
