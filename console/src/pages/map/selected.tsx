// The selected node or edge of a graph, in its panel, with the ways to its neighbours.

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { PanelHeader } from "../../components/panel-header";
import {
  byKey,
  type Graph,
  type GraphEdge,
  type GraphNode,
  type GraphSelection,
  type NodeKey,
} from "../../model/graph";
import { edgeFilter, nodeFilter } from "../../model/graph-filter";
import { kindOf, shortName } from "../../model/graph-kind";
import { healthText } from "../../model/graph-statistics";
import type { Seconds } from "../../model/units";
import { Panel, Requests, Sent } from "./panel";
import type { Searching } from "./search";

interface Props extends Searching {
  readonly graph: Graph;
  /** Over how long it is. */
  readonly window: Seconds;
  readonly onClose: () => void;
  readonly selection: GraphSelection;
  readonly onSelect: (selection: GraphSelection) => void;
}

export function Selected(props: Props) {
  const { graph, selection } = props;
  const node = selection.kind === "node" ? graph.nodes.find(({ key }) => key === selection.key) : undefined;
  if (node) return <SelectedNode {...props} node={node} />;
  const edge = selection.kind === "edge" ? graph.edges.find(({ key }) => key === selection.key) : undefined;
  return edge ? <SelectedEdge {...props} edge={edge} /> : <Gone onClose={props.onClose} kind={selection.kind} />;
}

function SelectedNode({ graph, node, onSelect, onClose, ...rest }: Props & { node: GraphNode }) {
  const label = kindOf(node.type).label;
  const account = node.account === undefined ? "" : `, account ${node.account}`;
  const known = node.isReported || node.type === "client" ? "" : ", known from its callers";
  return (
    <Panel key={node.key} title={node.name} kind={`${label}${account}${known}`} onClose={onClose}>
      <Requests {...rest} traffic={node.traffic} filter={(narrowing) => nodeFilter(node, narrowing)} />
      <Neighbours graph={graph} node={node} onSelect={onSelect} />
    </Panel>
  );
}

function SelectedEdge({ graph, edge, onSelect, onClose, ...rest }: Props & { edge: GraphEdge }) {
  const [from, to] = [edge.from, edge.to].map((key) => graph.nodes.find((node) => node.key === key));
  if (!from || !to) return null;
  const isLink = edge.kind === "link";
  return (
    <Panel
      key={edge.key}
      title={`${shortName(from.name, from.type)} → ${shortName(to.name, to.type)}`}
      kind={isLink ? "What was sent goes on in another trace" : "Calls, as the caller saw them"}
      onClose={onClose}
    >
      {isLink ? (
        <Sent
          {...rest}
          traffic={edge.traffic}
          ages={edge.ages}
          filter={[from, to].map((node) => nodeFilter(node)).join(" OR ")}
        />
      ) : (
        <Requests {...rest} traffic={edge.traffic} filter={(narrowing) => edgeFilter(edge, graph, narrowing)} />
      )}
      <SpaceBetween direction="horizontal" size="m">
        <span>
          From <NodeLink node={from} onSelect={onSelect} />
        </span>
        <span>
          to <NodeLink node={to} onSelect={onSelect} />
        </span>
      </SpaceBetween>
    </Panel>
  );
}

function Neighbours({ graph, node, onSelect }: Pick<Props, "graph" | "onSelect"> & { node: GraphNode }) {
  const callers = graph.edges.filter((edge) => edge.to === node.key).sort(byKey);
  const callees = graph.edges.filter((edge) => edge.from === node.key).sort(byKey);
  return (
    <SpaceBetween size="xs">
      <EdgeLinks title="Called by" graph={graph} edges={callers} other={(edge) => edge.from} onSelect={onSelect} />
      <EdgeLinks title="Calls" graph={graph} edges={callees} other={(edge) => edge.to} onSelect={onSelect} />
      {node.members.length > 0 && (
        <ExpandableSection headerText={`Drawn as one: ${node.members.length} nodes`}>
          <ul>
            {node.members.map((member) => (
              <li key={member.key}>
                {member.name} ({kindOf(member.type).label}): {healthText(member.traffic)}
              </li>
            ))}
          </ul>
        </ExpandableSection>
      )}
    </SpaceBetween>
  );
}

interface EdgeLinksProps extends Pick<Props, "graph" | "onSelect"> {
  title: string;
  edges: readonly GraphEdge[];
  other: (edge: GraphEdge) => NodeKey;
}

function EdgeLinks({ title, graph, edges, other, onSelect }: EdgeLinksProps) {
  if (edges.length === 0) return null;
  const nodes = new Map(graph.nodes.map((node) => [node.key, node]));
  return (
    <div>
      <Box variant="awsui-key-label">{title}</Box>
      <ul className="map-neighbours">
        {edges.map((edge) => (
          <li key={edge.key}>
            <NodeLink node={nodes.get(other(edge))} onSelect={onSelect} />{" "}
            <Link variant="secondary" fontSize="body-s" onFollow={() => onSelect({ kind: "edge", key: edge.key })}>
              {healthText(edge.traffic)}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

function NodeLink({ node, onSelect }: Pick<Props, "onSelect"> & { node: GraphNode | undefined }) {
  if (!node) return null;
  return (
    <Link onFollow={() => onSelect({ kind: "node", key: node.key })}>
      {shortName(node.name, node.type)} <Box variant="span">({kindOf(node.type).label})</Box>
    </Link>
  );
}

function Gone({ kind, onClose }: { kind: GraphSelection["kind"]; onClose: () => void }) {
  return (
    <Container
      header={
        <PanelHeader onClose={onClose}>{kind === "node" ? "Service is not there" : "Calls are not there"}</PanelHeader>
      }
    >
      In this window no such {kind === "node" ? "service took part in a trace" : "calls were made"}. Choose a longer
      time, or another way to draw the map.
    </Container>
  );
}
