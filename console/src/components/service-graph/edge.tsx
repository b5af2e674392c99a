// Calls from one service to another: how long they took on average, how often there were any, how many failed.

import { BaseEdge, type Edge, type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo, useContext } from "react";
import type { GraphEdge, GraphNode } from "../../model/graph";
import { healthText, worstOf } from "../../model/graph-statistics";
import type { Seconds } from "../../model/units";
import { FarAway } from "./far-away";
import { averageText, edgeText, failedText } from "./texts";

export type ServiceEdge = Edge<{ readonly edge: GraphEdge; readonly window: Seconds | undefined }, "calls">;

const LINE = 14;

export const ServiceEdgeLine = memo(function ServiceEdgeLine(props: EdgeProps<ServiceEdge>) {
  const { data, source, target } = props;
  const isFar = useContext(FarAway);
  const [path, x, y] = source === target ? loop(props) : getBezierPath(props);
  if (!data) return null;
  const { traffic } = data.edge;
  const lines = [edgeText(data.edge, data.window), failedText(traffic)].filter(Boolean);
  return (
    <>
      <BaseEdge path={path} markerEnd={`url(#${arrowId(data.edge)})`} strokeWidth={widthOf(traffic.total)} />
      {!isFar && (
        <text className="service-graph-label" x={x} y={y - ((lines.length - 1) * LINE) / 2}>
          {lines.map((line, index) => (
            <tspan key={line} x={x} dy={index === 0 ? 0 : LINE} className={index === 0 ? "" : "service-graph-failed"}>
              {line}
            </tspan>
          ))}
        </text>
      )}
    </>
  );
});

/** All that the drawing of an edge says. */
export function edgeLabel(edge: GraphEdge, from: GraphNode, to: GraphNode): string {
  const average = averageText(edge.traffic);
  const ends = edge.kind === "link" ? `${from.name} links to ${to.name}` : `${from.name} calls ${to.name}`;
  return [ends, healthText(edge.traffic), ...(average ? [average] : [])].join(", ");
}

/** Its colour: that of the worst that happened to its calls. */
export function edgeClass(edge: GraphEdge): string {
  return [worstOf(edge.traffic) ?? "ok", ...(edge.kind === "link" ? ["service-graph-link"] : [])].join(" ");
}

/** One arrow head for each colour of an edge. */
export function ArrowHeads() {
  return (
    <svg className="service-graph-arrows" aria-hidden="true">
      <defs>
        {(["ok", "error", "throttle", "fault"] as const).map((outcome) => (
          <marker
            key={outcome}
            id={`service-graph-arrow-${outcome}`}
            className={outcome}
            viewBox="0 0 10 10"
            refX="9"
            refY="5"
            markerWidth="9"
            markerHeight="9"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 1 10 5 0 9Z" />
          </marker>
        ))}
      </defs>
    </svg>
  );
}

function arrowId(edge: GraphEdge): string {
  return `service-graph-arrow-${worstOf(edge.traffic) ?? "ok"}`;
}

/** From 1.2 for a call to 5 for a million. */
function widthOf(calls: number): number {
  return Math.min(5, 1.2 + 0.63 * Math.log10(Math.max(calls, 1)));
}

/** Around a node that calls itself: above it, or where calls go downwards, at its right. */
function loop({ sourceX, sourceY, targetX, targetY }: EdgeProps<ServiceEdge>): [string, number, number] {
  if (sourceX === targetX) {
    const right = sourceX + 150;
    const path = `M ${sourceX} ${sourceY} C ${right} ${sourceY + 50} ${right} ${targetY - 50} ${targetX} ${targetY}`;
    return [path, right - 30, (sourceY + targetY) / 2];
  }
  const top = Math.min(sourceY, targetY) - 90;
  const path = `M ${sourceX} ${sourceY} C ${sourceX + 70} ${top} ${targetX - 70} ${top} ${targetX} ${targetY}`;
  return [path, (sourceX + targetX) / 2, top + 16];
}
