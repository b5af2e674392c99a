// The service map: which services the traces of a window tell of, who calls whom, how well and how fast.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useCallback, useMemo, useState } from "react";
import type { XRayService } from "../../api/aws";
import { ApiError } from "../../api/operation";
import { isLive, timeOf, type Window } from "../../app/time";
import { Beside } from "../../components/beside";
import { PageLink } from "../../components/page-link";
import { GraphLegend } from "../../components/service-graph/legend";
import { ServiceGraph } from "../../components/service-graph/service-graph";
import { Empty, Failure, Loading } from "../../components/states";
import { TimeRange } from "../../components/time-range";
import { type Graph, type GraphSelection, graphOf, selectionOf } from "../../model/graph";
import { grouped } from "../../model/graph-grouping";
import { matchesOf } from "../../model/graph-search";
import { formatCount, seconds } from "../../model/units";
import { NodeList } from "./list";
import { isFollowing, useGraph } from "./queries";
import { choosing, type MapSearch, useMapSearch } from "./search";
import { Selected } from "./selected";
import { Tools } from "./tools";

/** The map is as high as the window lets it be. */
const HEIGHT = "max(440px, calc(100dvh - 290px))";

export function MapPage() {
  const { search, change } = useMapSearch();
  const graph = useGraph(search);
  return (
    <SpaceBetween size="m">
      <Header
        variant="h1"
        actions={
          <TimeRange
            time={timeOf(search)}
            onChange={(time) => change({ since: undefined, from: undefined, to: undefined, ...time })}
            onRefresh={() => void graph.refetch()}
            isRefreshing={graph.isFetching && !isFollowing(search)}
            {...(isLive(search)
              ? { live: search.live !== false, onLive: (live: boolean) => change({ live: live ? undefined : false }) }
              : {})}
          />
        }
      >
        Service map
      </Header>
      {graph.isError && (
        <NoMap error={graph.error} onRetry={() => void graph.refetch()} onSince={(since) => change(sinceOnly(since))} />
      )}
      {graph.data ? (
        <Drawn services={graph.data.services} window={graph.data.window} search={search} change={change} />
      ) : (
        !graph.isError && <Loading what="the service map" />
      )}
    </SpaceBetween>
  );
}

function sinceOnly(since: string) {
  return { since, from: undefined, to: undefined };
}

/** How X-Ray refuses a window that is longer than it draws maps of. */
const TOO_LONG = /^Time range cannot be longer than (\d+) hours$/;

interface NoMapProps {
  readonly error: Error;
  readonly onRetry: () => void;
  readonly onSince: (since: string) => void;
}

function NoMap({ error, onRetry, onSince }: NoMapProps) {
  const hours = error instanceof ApiError ? TOO_LONG.exec(error.message)?.[1] : undefined;
  if (hours === undefined) return <Failure what="The service map could not be read" error={error} retry={onRetry} />;
  return (
    <Alert
      type="info"
      header={`A service map spans at most ${hours} hours`}
      action={<Button onClick={() => onSince(`${hours}h`)}>Show the last {hours} hours</Button>}
    >
      The chosen time is longer. The server's setting <code>limits.graph_window</code> decides.
    </Alert>
  );
}

interface DrawnProps {
  readonly services: readonly XRayService[];
  readonly window: Window;
  readonly search: MapSearch;
  readonly change: ReturnType<typeof useMapSearch>["change"];
}

function Drawn({ services, window, search, change }: DrawnProps) {
  const [layout, setLayout] = useState(0);
  const { by = "none", find = "" } = search;
  const graph = useMemo(() => grouped(graphOf(services), by), [services, by]);
  const found = useMemo(() => (find ? matchesOf(graph, find) : undefined), [graph, find]);
  const selection = selectionOf(search);
  const onSelect = useCallback((selection: GraphSelection | undefined) => change(choosing(selection)), [change]);
  const span = seconds(window.to - window.from);
  const onFind = () => {
    const [first] = found ?? [];
    if (first !== undefined) onSelect({ kind: "node", key: first });
  };
  return (
    <SpaceBetween size="m">
      <Tools
        search={search}
        onChange={change}
        found={found?.size}
        onFind={onFind}
        onLayout={() => setLayout(layout + 1)}
      />
      <Beside
        label="Selected on the map"
        of={selection?.key}
        height={HEIGHT}
        aside={
          selection && (
            <Selected
              graph={graph}
              selection={selection}
              window={span}
              search={search}
              onChange={change}
              onSelect={onSelect}
              onClose={() => onSelect(undefined)}
            />
          )
        }
      >
        {graph.nodes.length === 0 ? (
          <Container>
            <NoServices search={search} />
          </Container>
        ) : search.view === "list" ? (
          <NodeList graph={graph} found={found} selection={selection} onSelect={onSelect} />
        ) : (
          <div className="map-canvas">
            <ServiceGraph
              label="Service map"
              services={services}
              selection={selection}
              onSelect={onSelect}
              window={span}
              grouping={by}
              search={find}
              layout={layout}
            />
          </div>
        )}
      </Beside>
      <Box fontSize="body-s" color="text-body-secondary">
        <p>{summaryOf(graph, found?.size)}</p>
        {search.view !== "list" && <GraphLegend />}
      </Box>
    </SpaceBetween>
  );
}

function summaryOf(graph: Graph, found: number | undefined): string {
  const [nodes, edges] = [formatCount(graph.nodes.length), formatCount(graph.edges.length)];
  const all = `${nodes} nodes, ${edges} edges`;
  return found === undefined ? all : `${formatCount(found)} of ${all}`;
}

function NoServices({ search }: { search: MapSearch }) {
  if (search.group !== undefined) {
    return (
      <Empty title={`No trace of group ${search.group} in this window`}>Choose a longer time, or all traces.</Empty>
    );
  }
  return (
    <Empty title="No services in this window">
      Every service that takes part in a trace shows here, with who calls it. Choose a longer time, or{" "}
      <PageLink to="/start">send your first trace</PageLink>.
    </Empty>
  );
}
