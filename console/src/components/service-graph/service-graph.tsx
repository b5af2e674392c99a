// The service map: of many traces or of one. Nodes are buttons, and so are edges; the keyboard reaches all of them.
// It fills its parent, which has to have a height.

import "@xyflow/react/dist/base.css";
import "../outcome-sign.css";
import "./service-graph.css";
import {
  type AriaLabelConfig,
  Controls,
  type EdgeChange,
  getNodesBounds,
  getViewportForBounds,
  MiniMap,
  type NodeChange,
  type OnMove,
  ReactFlow,
  type ReactFlowInstance,
  ReactFlowProvider,
  useStore,
  useStoreApi,
  type Viewport,
} from "@xyflow/react";
import {
  type KeyboardEvent,
  type ReactNode,
  useDeferredValue,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { XRayService } from "../../api/aws";
import { useDark } from "../../app/theme";
import { type EdgeKey, type GraphSelection, graphOf, type NodeKey } from "../../model/graph";
import { type Grouping, grouped } from "../../model/graph-grouping";
import type { Shape, Size } from "../../model/graph-layout";
import { matchesOf } from "../../model/graph-search";
import { worstOf } from "../../model/graph-statistics";
import type { Seconds } from "../../model/units";
import { ArrowHeads, type ServiceEdge, ServiceEdgeLine } from "./edge";
import { edgesOf, nodesOf } from "./elements";
import { FarAway } from "./far-away";
import { NODE_SIZE, type ServiceNode, ServiceNodeCard } from "./node";
import { usePlaces } from "./places";

export interface ServiceGraphProps {
  /** What GetServiceGraph or GetTraceGraph answers. */
  readonly services: readonly XRayService[];
  readonly selection: GraphSelection | undefined;
  readonly onSelect: (selection: GraphSelection | undefined) => void;
  /** What the map is of, for those who do not see it: `Service map`. */
  readonly label: string;
  /** Over how long the traffic is told, for rates; of one trace there are counts. */
  readonly window?: Seconds;
  readonly grouping?: Grouping;
  /** Nodes whose name or type has this in it stand out. */
  readonly search?: string;
  /** Another number has everything laid out anew. */
  readonly layout?: number;
}

type Instance = ReactFlowInstance<ServiceNode, ServiceEdge>;

const NODE_TYPES = { service: ServiceNodeCard };
const EDGE_TYPES = { calls: ServiceEdgeLine };
const FIT = { padding: 0.08, minZoom: 0.12, maxZoom: 1 };
const OVERVIEW = { width: 168, height: 112 };
/** Below this, words as large as they are near cannot be read. */
const FAR = 0.55;
/** So many are seen at once: an overview would only hide some of them. */
const FEW = 8;
/** Narrower maps run from top to bottom. */
const NARROW = 560;
/** Of a map that is not shown yet. */
const UNKNOWN_ROOM: Size = { width: 800, height: 500 };

const ARIA: Partial<AriaLabelConfig> = {
  "node.a11yDescription.default": "Press Enter to see its response times and traces.",
  "node.a11yDescription.keyboardDisabled": "Press Enter to see its response times and traces.",
  "edge.a11yDescription.default": "Press Enter to see its response times and traces.",
  "controls.ariaLabel": "Zoom",
  "minimap.ariaLabel": "Overview of the map",
};

export function ServiceGraph(props: ServiceGraphProps) {
  const frame = useRef<HTMLElement>(null);
  const [room, setRoom] = useState<Size>();
  useLayoutEffect(() => {
    const { width, height } = frame.current?.getBoundingClientRect() ?? { width: 0, height: 0 };
    setRoom(width > 0 && height > 0 ? { width, height } : UNKNOWN_ROOM);
  }, []);
  return (
    <section ref={frame} className="service-graph" aria-label={props.label}>
      {room && <Drawing {...props} room={room} />}
    </section>
  );
}

function Drawing(props: ServiceGraphProps & { room: Size }) {
  const { services, selection, onSelect, window, grouping = "none", search = "", layout = 0, room } = props;
  const dark = useDark();
  const shape = useMemo(() => shapeOf(room), [room]);
  const graph = useMemo(() => grouped(graphOf(services), grouping), [services, grouping]);
  const { places, move } = usePlaces(graph, shape, `${grouping} ${layout}`);
  const found = useMemo(() => (search.trim() ? matchesOf(graph, search) : undefined), [graph, search]);
  const nodes = useMemo(
    () => nodesOf(graph, { places, window, direction: shape.direction, selection, found }),
    [graph, places, window, shape.direction, selection, found],
  );
  const edges = useMemo(() => edgesOf(graph, { window, selection, found }), [graph, window, selection, found]);
  const [instance, setInstance] = useState<Instance>();
  const [viewport] = useState(() => viewportOf(nodes, room));
  const [isFar, setFar] = useState(viewport.zoom < FAR);
  // It may come after what it is an overview of.
  const hasOverview = useDeferredValue(graph.nodes.length > FEW, false);
  const view = useCalmView(instance, `${grouping} ${layout}`, nodes.length, found);

  const onNodesChange = (changes: NodeChange<ServiceNode>[]) => {
    for (const change of changes) {
      if (change.type === "position" && change.position) move(change.id as NodeKey, change.position);
      if (change.type === "select" && change.selected) onSelect({ kind: "node", key: change.id as NodeKey });
    }
  };
  const onEdgesChange = (changes: EdgeChange<ServiceEdge>[]) => {
    for (const change of changes) {
      if (change.type === "select" && change.selected) onSelect({ kind: "edge", key: change.id as EdgeKey });
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onSelect(undefined);
  };

  return (
    <FarAway value={isFar}>
      <ReactFlowProvider
        initialNodes={nodes}
        initialEdges={edges}
        initialWidth={room.width}
        initialHeight={room.height}
      >
        <DrawnAsTold viewport={viewport}>
          <ReactFlow
            className={isFar ? "service-graph-far" : ""}
            colorMode={dark ? "dark" : "light"}
            nodes={nodes}
            edges={edges}
            nodeTypes={NODE_TYPES}
            edgeTypes={EDGE_TYPES}
            onNodesChange={onNodesChange}
            onEdgesChange={onEdgesChange}
            onPaneClick={() => onSelect(undefined)}
            onKeyDown={onKeyDown}
            onInit={setInstance}
            onMoveStart={view.onMoveStart}
            defaultViewport={viewport}
            minZoom={0.05}
            maxZoom={2}
            nodesConnectable={false}
            edgesReconnectable={false}
            selectNodesOnDrag={false}
            deleteKeyCode={null}
            selectionKeyCode={null}
            multiSelectionKeyCode={null}
            ariaLabelConfig={ARIA}
          >
            <ArrowHeads />
            <Distance onChange={setFar} />
            <Controls showInteractive={false} fitViewOptions={FIT} onFitView={view.settle} />
            {hasOverview && (
              <MiniMap<ServiceNode>
                pannable
                zoomable
                nodeClassName={(node) => worstOf(node.data.node.traffic) ?? "ok"}
                nodeBorderRadius={12}
                style={OVERVIEW}
              />
            )}
          </ReactFlow>
        </DrawnAsTold>
      </ReactFlowProvider>
    </FarAway>
  );
}

/**
 * Keeps React Flow from measuring every node once it is drawn, and from drawing all of it anew for that: sizes, and where
 * edges end, are told beforehand, and so is what is in view.
 */
function DrawnAsTold({ viewport, children }: { viewport: Viewport; children: ReactNode }) {
  const store = useStoreApi();
  useState(() => {
    const { x, y, zoom } = viewport;
    store.setState({ transform: [x, y, zoom], updateNodeInternals: () => undefined });
  });
  return children;
}

function shapeOf({ width, height }: Size): Shape {
  return { node: NODE_SIZE, direction: width < NARROW ? "TB" : "LR", aspect: width / height };
}

/** Shows all nodes. */
function viewportOf(nodes: ServiceNode[], { width, height }: Size): Viewport {
  return getViewportForBounds(getNodesBounds(nodes), width, height, FIT.minZoom, FIT.maxZoom, FIT.padding);
}

/** Tells when the map is so small that only names can be read. */
function Distance({ onChange }: { onChange: (isFar: boolean) => void }) {
  const isFar = useStore((state) => state.transform[2] < FAR);
  useEffect(() => onChange(isFar), [isFar, onChange]);
  return null;
}

/**
 * The whole map is shown when it is laid out, what was searched for when it is found; and when nodes come, everything
 * again, unless somebody has moved the view meanwhile.
 */
function useCalmView(
  instance: Instance | undefined,
  layout: string,
  count: number,
  found: ReadonlySet<NodeKey> | undefined,
) {
  const wasMoved = useRef(false);
  const drawn = useRef({ layout, count });
  useEffect(() => {
    const before = drawn.current;
    drawn.current = { layout, count };
    if (before.layout !== layout) wasMoved.current = false;
    if (!instance || (before.layout === layout && before.count === count) || wasMoved.current) return;
    void instance.fitView(FIT);
  }, [instance, layout, count]);
  useEffect(() => {
    if (!instance || !found || found.size === 0) return;
    wasMoved.current = true;
    void instance.fitView({ ...FIT, nodes: [...found].map((id) => ({ id })), duration: 200 });
  }, [instance, found]);
  const onMoveStart: OnMove = (event) => {
    // Without an event it was us.
    if (event) wasMoved.current = true;
  };
  const settle = () => {
    wasMoved.current = false;
  };
  return { onMoveStart, settle };
}
