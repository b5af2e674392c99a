// What kind of service a node is, as a sign. Drawn for a box of 20 by 20, in lines.

import type { Family } from "../../model/graph-kind";

const PATHS: Readonly<Record<Family, string>> = {
  client: "M10 9.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM3.8 17c.5-3.3 3-5 6.2-5s5.7 1.7 6.2 5",
  gateway: "M3.5 4v12M16.5 4v12M6.5 10h7M11 7.2l2.8 2.8L11 12.8M9 7.2 6.2 10 9 12.8",
  function: "M4.8 4h2.4l6 12h2.6M9.2 8.8 5 16",
  database:
    "M4 5.2C4 3.9 6.7 3 10 3s6 .9 6 2.2v9.6c0 1.3-2.7 2.2-6 2.2s-6-.9-6-2.2V5.2ZM4 5.2c0 1.3 2.7 2.2 6 2.2s6-.9 6-2.2M4 10c0 1.3 2.7 2.2 6 2.2s6-.9 6-2.2",
  queue: "M2.5 6h3.5v8H2.5zM8.2 6h3.5v8H8.2zM14 6h3.5v8H14z",
  topic:
    "M10 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM6 14a5.6 5.6 0 0 1 0-8M14 6a5.6 5.6 0 0 1 0 8M3.6 16.4a9 9 0 0 1 0-12.8M16.4 3.6a9 9 0 0 1 0 12.8",
  bucket: "M3.5 5h13l-1.8 11.5H5.3L3.5 5ZM3.5 5c0-1 2.9-1.8 6.5-1.8s6.5.8 6.5 1.8",
  compute: "M3 5h14v10H3zM6 8h8v4H6zM6 2.5V5M10 2.5V5M14 2.5V5M6 15v2.5M10 15v2.5M14 15v2.5",
  remote:
    "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM3 10h14M10 3c2.2 2 3.2 4.3 3.2 7s-1 5-3.2 7c-2.2-2-3.2-4.3-3.2-7s1-5 3.2-7Z",
  aws: "M5.5 15.5h9a3.3 3.3 0 0 0 .5-6.5 5 5 0 0 0-9.6-1 3.8 3.8 0 0 0 .1 7.5Z",
  service: "M10 2.8 16.5 6.5v7L10 17.2 3.5 13.5v-7L10 2.8ZM3.5 6.5 10 10.2l6.5-3.7M10 10.2v7",
};

/** A part of a drawing, with its corner at x and y; it says nothing that is not in the text beside it. */
export function FamilyIcon({ family, x, y }: { family: Family; x: number; y: number }) {
  return <path className="service-graph-icon" d={PATHS[family]} transform={`translate(${x} ${y})`} />;
}
