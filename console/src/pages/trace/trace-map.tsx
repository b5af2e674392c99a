// The trace's own map: a node for each service, and behind each the rows of the timeline.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useRef } from "react";
import type { TraceState } from "../../api/fluoro-api";
import { useFocusAfterClosing } from "../../app/focus";
import { OutcomeSign } from "../../components/outcome-sign";
import { PanelHeader } from "../../components/panel-header";
import { GraphLegend } from "../../components/service-graph/legend";
import { ServiceGraph } from "../../components/service-graph/service-graph";
import { Empty, Failure, Loading } from "../../components/states";
import { type Graph, type GraphSelection, graphOf } from "../../model/graph";
import { kindOf, shortName } from "../../model/graph-kind";
import { kindLabel } from "../../model/trace/row-label";
import { rowsBehind } from "../../model/trace/row-node";
import { durationOf, type Row } from "../../model/trace/trace";
import type { TraceId } from "../../model/trace-id";
import { formatDuration } from "../../model/units";
import { useTraceGraph } from "./queries";
import "./trace-map.css";

interface Props {
  id: TraceId;
  state: TraceState | undefined;
  rows: readonly Row[];
  selection: GraphSelection | undefined;
  onSelect: (selection: GraphSelection | undefined) => void;
  /** Shows the row in the timeline. */
  onRow: (row: Row) => void;
}

export function TraceMap({ id, state, rows, selection, onSelect, onRow }: Props) {
  const graph = useTraceGraph(id, state);
  useFocusAfterClosing(selection?.key);
  if (graph.isPending) return <Loading what="the map" />;
  if (graph.isError) {
    return <Failure what="The map could not be read" error={graph.error} retry={() => void graph.refetch()} />;
  }
  if (graph.data.length === 0) {
    return (
      <Container>
        <Empty title="Nothing to draw yet">A service is drawn when its segment has ended.</Empty>
      </Container>
    );
  }
  return (
    <SpaceBetween size="xs">
      <div className="trace-map">
        <ServiceGraph services={graph.data} selection={selection} onSelect={onSelect} label="Map of this trace" />
      </div>
      {selection && (
        <Behind
          graph={graphOf(graph.data)}
          rows={rows}
          selection={selection}
          onRow={onRow}
          onClose={() => onSelect(undefined)}
        />
      )}
      <GraphLegend />
    </SpaceBetween>
  );
}

/** Rows that are listed; of more, only that there are more. */
const LISTED = 50;

interface BehindProps extends Pick<Props, "rows" | "onRow"> {
  graph: Graph;
  selection: GraphSelection;
  onClose: () => void;
}

function Behind({ graph, rows, selection, onRow, onClose }: BehindProps) {
  const behind = rowsBehind(rows, selection);
  const place = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: of another selection, it is brought into sight
  useEffect(() => {
    void place.current?.scrollIntoView({ block: "nearest" });
  }, [selection.key]);
  const { title, kind } = titleOf(graph, selection);
  // A map is wide rather than high, so that what is selected stands below, where it hides nothing of it.
  return (
    <aside ref={place} aria-label="Selected part of the map">
      <Container
        header={
          <PanelHeader description={kind} onClose={onClose}>
            {title}
          </PanelHeader>
        }
      >
        {behind.length === 0 ? <Box>No row of the timeline belongs to it.</Box> : null}
        <ul className="rows-behind" aria-label="Rows of the timeline">
          {behind.slice(0, LISTED).map((row) => (
            <li key={row.key}>
              <OutcomeSign outcome={row.outcome} />
              <Button variant="inline-link" onClick={() => onRow(row)}>
                {`${row.entity.name} (${kindLabel(row)})`}
              </Button>
              <span>{formatDuration(durationOf(row))}</span>
            </li>
          ))}
        </ul>
        {behind.length > LISTED ? <Box>and {behind.length - LISTED} more</Box> : null}
      </Container>
    </aside>
  );
}

function titleOf(graph: Graph, selection: GraphSelection): { title: string; kind: string } {
  const nodeOf = (key: string) => graph.nodes.find((node) => node.key === key);
  if (selection.kind === "node") {
    const node = nodeOf(selection.key);
    return { title: node?.name ?? selection.key, kind: kindOf(node?.type).label };
  }
  const edge = graph.edges.find(({ key }) => key === selection.key);
  const names = [edge?.from, edge?.to].map((key) => {
    const node = key && nodeOf(key);
    return node ? shortName(node.name, node.type) : "";
  });
  return { title: names.join(" → "), kind: "What was asked for" };
}
