// What the benchmark looks at: one large trace, and as many services as a map should take.

import { randomId } from "../tests/segments";

/** 10,000 subsegments in one trace, a hundred in each of a hundred. */
export const SUBSEGMENTS = 10_000;

export const SERVICES = 500;

const EDGES = 980;

/** A segment of a minute ago with 10,000 subsegments below it. */
export function largeSegment(): { trace: string; document: object } {
  const start = Date.now() / 1000 - 60;
  const branches = Math.sqrt(SUBSEGMENTS);
  const leaves = branches - 1;
  const branch = (number: number) => {
    const at = start + number / 10;
    const leaf = (_: unknown, place: number) => ({
      id: randomId(),
      name: `step ${number}.${place}`,
      start_time: at + place / 1200,
      end_time: at + (place + 1) / 1200,
      ...(place % 40 === 7 ? { error: true } : {}),
    });
    return {
      id: randomId(),
      name: `batch ${number}`,
      start_time: at,
      end_time: at + 0.09,
      subsegments: Array.from({ length: leaves }, leaf),
    };
  };
  const trace = `1-${Math.floor(start).toString(16)}-${randomId(12)}`;
  const document = {
    trace_id: trace,
    id: randomId(),
    name: "large",
    start_time: start,
    end_time: start + branches / 10,
    subsegments: Array.from({ length: branches }, (_, number) => branch(number)),
  };
  return { trace, document };
}

/** Segments of a minute ago, two for each call of one of the services to another. */
export function manyServices(): object[] {
  const start = Date.now() / 1000 - 60;
  const call = (from: number, to: number) => {
    const trace_id = `1-${Math.floor(start).toString(16)}-${randomId(12)}`;
    const [caller, sent] = [randomId(), randomId()];
    const span = { start_time: start, end_time: start + 0.1 + to / 5000 };
    const remote = { id: sent, name: service(to), namespace: "remote", ...span };
    return [
      { trace_id, id: caller, name: service(from), ...span, subsegments: [remote] },
      {
        trace_id,
        id: randomId(),
        parent_id: sent,
        name: service(to),
        ...span,
        ...(to % 17 === 0 ? { fault: true } : {}),
      },
    ];
  };
  // A tree of threes, so that every service is reached, and calls across it.
  const tree = Array.from({ length: SERVICES - 1 }, (_, place) => call(Math.floor(place / 3), place + 1));
  const across = Array.from({ length: EDGES - tree.length }, (_, place) => call(place, (place * 7 + 11) % SERVICES));
  return [...tree, ...across].flat();
}

function service(number: number): string {
  return `service-${String(number).padStart(3, "0")}`;
}
