// How the requests of a node ended, as parts of a ring around its sign.

import type { GraphNode } from "../../model/graph";
import { kindOf } from "../../model/graph-kind";
import { healthOf } from "../../model/graph-statistics";
import { FamilyIcon } from "./icons";

const SIZE = 48;
const RADIUS = 20;

/** Says nothing to those who cannot see it: what it shows stands beside it in words. */
export function HealthRing({ node }: { node: GraphNode }) {
  const health = healthOf(node.traffic);
  return (
    <svg className="service-graph-ring" width={SIZE} height={SIZE} viewBox={`0 0 ${SIZE} ${SIZE}`} aria-hidden="true">
      <circle className="service-graph-ring-empty" cx={SIZE / 2} cy={SIZE / 2} r={RADIUS} />
      {health.map(({ outcome, share, from }) => (
        <circle
          key={outcome}
          className={`service-graph-slice ${outcome}`}
          cx={SIZE / 2}
          cy={SIZE / 2}
          r={RADIUS}
          pathLength={100}
          strokeDasharray={`${share * 100} 100`}
          strokeDashoffset={-from * 100}
          // A ring begins at the top, not at the right.
          transform={`rotate(-90 ${SIZE / 2} ${SIZE / 2})`}
        />
      ))}
      <FamilyIcon family={kindOf(node.type).family} x={SIZE / 2 - 10} y={SIZE / 2 - 10} />
    </svg>
  );
}
