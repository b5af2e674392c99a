// A service on the map: its health ring, what it is, how often it is asked and how long it takes.

import type { Node, NodeProps } from "@xyflow/react";
import { memo } from "react";
import type { GraphNode } from "../../model/graph";
import { kindOf, shortName } from "../../model/graph-kind";
import type { Size } from "../../model/graph-layout";
import { healthText, worstOf } from "../../model/graph-statistics";
import type { Seconds } from "../../model/units";
import { HealthRing } from "./health-ring";
import { averageText, failedText, trafficText } from "./texts";

export const NODE_SIZE: Size = { width: 168, height: 136 };

/** How far below the top the ring has its middle. */
export const RING_MIDDLE = 32;

export type ServiceNode = Node<
  {
    readonly node: GraphNode;
    /** Over how long its traffic is told; none: there are counts, no rates. */
    readonly window: Seconds | undefined;
  },
  "service"
>;

export const ServiceNodeCard = memo(function ServiceNodeCard(props: NodeProps<ServiceNode>) {
  const { node, window } = props.data;
  const failed = failedText(node.traffic);
  return (
    <>
      <HealthRing node={node} />
      <div className="service-graph-words" title={node.name}>
        <span className="service-graph-name">{shortName(node.name, node.type)}</span>
        <span className="service-graph-detail">{kindOf(node.type).label}</span>
        <span className="service-graph-detail">
          {failed ? (
            <span className={`service-graph-failed ${worstOf(node.traffic)}`}>{failed}</span>
          ) : (
            trafficText(node.traffic, window)
          )}
        </span>
      </div>
    </>
  );
});

/** All that the drawing of a node says. */
export function nodeLabel(node: GraphNode): string {
  const average = averageText(node.traffic);
  return [node.name, kindOf(node.type).label, healthText(node.traffic), ...(average ? [average] : [])].join(", ");
}
