// The doctor's report: who sent what, and what became of the documents that were not kept as they were.

import type { components } from "../api/fluoro";

type Schemas = components["schemas"];
export type Report = Schemas["DoctorReport"];
export type LedgerLine = Schemas["LedgerLine"];
export type Held = Schemas["Held"];
export type WithoutEffect = Schemas["WithoutEffect"];
export type DaemonTelemetry = Schemas["DaemonTelemetry"];

/** The way in. */
export type Door = Schemas["Door"];

/** What happened to documents. */
export type Class = Schemas["Class"];

/** In the order in which a reader cares. */
export const CLASSES = [
  "refused",
  "dropped",
  "trimmed",
  "orphaned",
  "unsampled",
  "received",
] as const satisfies readonly Class[];

/** Whoever came in by one door under one name. */
export interface Client {
  readonly key: string;
  readonly door: Door | null;
  readonly name: string;
  readonly counts: Readonly<Record<Class, number>>;
  /** All but what merely came in, the gravest first. */
  readonly findings: readonly LedgerLine[];
  readonly health: Health;
}

/** `lost`: documents that should have been kept were not; `flawed`: they were, but not whole or not for long. */
export type Health = "lost" | "flawed" | "well";

const NOTHING: Readonly<Record<Class, number>> = {
  refused: 0,
  dropped: 0,
  trimmed: 0,
  orphaned: 0,
  unsampled: 0,
  received: 0,
};

/** What a line says of its client. To leave out what rules do not sample is as it should be. */
export function healthOf({ class: of, door, cause }: LedgerLine): Health {
  switch (of) {
    case "refused":
      return "lost";
    case "dropped":
      return (door === null ? LET_GO[cause] : undefined) ?? "lost";
    case "trimmed":
    case "orphaned":
      return "flawed";
    case "unsampled":
    case "received":
      return "well";
  }
}

/** What was let go after it had been stored: its time was over, or a limit that somebody set was reached. */
const LET_GO: Readonly<Record<string, Health>> = {
  "older than the retention": "well",
  "store size limit": "flawed",
};

/** The clients, those in trouble first, then those that sent most. */
export function clientsOf(lines: readonly LedgerLine[]): Client[] {
  const groups = new Map<string, LedgerLine[]>();
  for (const line of lines) {
    const key = `${line.door ?? ""} ${line.client}`;
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  const clients = [...groups].map(([key, group]) => clientOf(key, group));
  return clients.sort(
    (a, b) => HEALTHS.indexOf(a.health) - HEALTHS.indexOf(b.health) || b.counts.received - a.counts.received,
  );
}

const HEALTHS: readonly Health[] = ["lost", "flawed", "well"];

function clientOf(key: string, group: readonly LedgerLine[]): Client {
  const counts = { ...NOTHING };
  for (const line of group) counts[line.class] += line.count;
  const findings = group
    .filter((line) => line.class !== "received")
    .sort((a, b) => CLASSES.indexOf(a.class) - CLASSES.indexOf(b.class) || b.count - a.count);
  const health = HEALTHS.find((one) => group.some((line) => healthOf(line) === one)) ?? "well";
  const { door, client } = group[0] ?? { door: null, client: "" };
  return { key, door, name: client, counts, findings, health };
}

/** Those clients that have something of this class and whose name contains the text. */
export function chosen(clients: readonly Client[], of: Class | undefined, text: string): Client[] {
  const wanted = text.trim().toLowerCase();
  return clients.filter(
    (client) => (of === undefined || client.counts[of] > 0) && client.name.toLowerCase().includes(wanted),
  );
}

export interface Verdict {
  readonly health: Health | "nothing";
  readonly received: number;
  /** By the class, in all. */
  readonly counts: Readonly<Record<Class, number>>;
  /** Clients of which something was lost or is flawed. */
  readonly inTrouble: number;
}

/** How things stand, in all. What daemons elsewhere lost counts as lost. */
export function verdictOf({ lines, daemons }: Pick<Report, "lines" | "daemons">): Verdict {
  const counts = { ...NOTHING };
  for (const line of lines) counts[line.class] += line.count;
  const clients = clientsOf(lines);
  const spilling = daemons.filter(({ totals }) => lostBy(totals) > 0).length;
  const worst = HEALTHS.find((one) => clients.some(({ health }) => health === one)) ?? "nothing";
  return {
    health: spilling > 0 ? "lost" : worst,
    received: counts.received,
    counts,
    inTrouble: clients.filter(({ health }) => health !== "well").length + spilling,
  };
}

/** Segments that never came to us. */
export function lostBy(totals: DaemonTelemetry["totals"]): number {
  return totals.spilled_over + totals.rejected;
}

export function doorName(door: Door | null): string {
  switch (door) {
    case "daemon":
      return "X-Ray daemon address";
    case "environment":
      return "Daemon address of a function";
    case "put_trace_segments":
      return "PutTraceSegments";
    case "otlp_http":
      return "OTLP over HTTP";
    case "gateway":
      return "API Gateway's own segments";
    case "functions":
      return "Lambda's own segments";
    case null:
      return "Store";
  }
}
