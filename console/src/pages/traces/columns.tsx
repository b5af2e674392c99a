// The columns of the list of traces: what each shows, and how it sorts.

import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { ReactNode } from "react";
import { EndOf } from "../../components/end-of";
import { OutcomeLabel } from "../../components/outcome";
import { PageLink } from "../../components/page-link";
import { causeLabel } from "../../model/facets";
import { OUTCOMES } from "../../model/outcome";
import type { TraceRow } from "../../model/trace-row";
import { type EpochSeconds, formatAge, formatDuration, formatTime, type Seconds, UNKNOWN } from "../../model/units";

export interface Column {
  readonly id: string;
  readonly header: string;
  readonly width: number;
  /** Whether it is shown unless somebody chooses. */
  readonly isShown: boolean;
  readonly cell: (row: TraceRow, now: EpochSeconds) => ReactNode;
  /** Ascending; what is not there comes first, a time that still goes on last. */
  readonly compare: (one: TraceRow, other: TraceRow) => number;
}

const STARTED: Column = {
  id: "start",
  header: "Started",
  width: 140,
  isShown: true,
  cell: ({ start }, now) => formatTime(start, now),
  compare: by(({ start }) => start),
};

export const COLUMNS: readonly Column[] = [
  {
    id: "trace",
    header: "Trace",
    width: 114,
    isShown: true,
    cell: ({ id }) => (
      <PageLink
        to="/traces/$traceId"
        params={{ traceId: id }}
        // The row is clickable, too, and would open the trace here when somebody opens it in another tab.
        nativeAttributes={{ onClick: (event) => event.stopPropagation() }}
      >
        <span title={id} style={{ fontFamily: "monospace", whiteSpace: "nowrap" }}>
          {id.slice(-10)}
        </span>
      </PageLink>
    ),
    compare: by(({ id }) => id),
  },
  {
    id: "result",
    header: "Result",
    width: 104,
    isShown: true,
    cell: (row) => <Result row={row} />,
    compare: by(({ outcome }) => OUTCOMES.indexOf(outcome)),
  },
  {
    id: "method",
    header: "Method",
    width: 110,
    isShown: true,
    cell: ({ method }) => method ?? UNKNOWN,
    compare: by(({ method }) => method),
  },
  {
    id: "url",
    header: "URL",
    width: 140,
    isShown: true,
    cell: ({ url }) => (url ? <EndOf text={url} /> : UNKNOWN),
    compare: by(({ url }) => url),
  },
  {
    id: "status",
    header: "Status",
    width: 100,
    isShown: true,
    cell: ({ status }) => status ?? UNKNOWN,
    compare: by(({ status }) => status),
  },
  {
    id: "responsetime",
    header: "Response time",
    width: 160,
    isShown: true,
    // All has ended, and no root has answered: none has come.
    cell: ({ responseTime, duration }) =>
      responseTime === undefined && duration !== undefined ? UNKNOWN : spanOrProgress(responseTime),
    compare: by(({ responseTime, duration }) =>
      responseTime === undefined && duration === undefined ? Number.POSITIVE_INFINITY : responseTime,
    ),
  },
  {
    id: "duration",
    header: "Duration",
    width: 110,
    isShown: false,
    cell: ({ duration }) => spanOrProgress(duration),
    compare: by(({ duration }) => duration ?? Number.POSITIVE_INFINITY),
  },
  {
    id: "age",
    header: "Age",
    width: 108,
    isShown: true,
    cell: ({ start }, now) => <span title={new Date(start * 1_000).toISOString()}>{formatAge(start, now)}</span>,
    compare: by(({ start }) => start),
  },
  STARTED,
  {
    id: "entry",
    header: "Entry point",
    width: 170,
    isShown: false,
    cell: ({ entryPoint }) => (entryPoint ? <span title={entryPoint.type}>{entryPoint.name}</span> : UNKNOWN),
    compare: by(({ entryPoint }) => entryPoint?.name),
  },
  {
    id: "services",
    header: "Services",
    width: 105,
    isShown: false,
    cell: ({ services }) => <span title={services.map(({ name }) => name).join(", ")}>{services.length}</span>,
    compare: by(({ services }) => services.length),
  },
  {
    id: "user",
    header: "User",
    width: 120,
    isShown: false,
    cell: ({ users }) => users.join(", ") || UNKNOWN,
    compare: by(({ users }) => users[0]),
  },
  {
    id: "annotations",
    header: "Annotations",
    width: 125,
    isShown: true,
    cell: ({ annotations }) => (
      <span title={annotations.map(({ key, value }) => `${key} = ${value}`).join("\n")}>{annotations.length}</span>
    ),
    compare: by(({ annotations }) => annotations.length),
  },
  {
    id: "cause",
    header: "Cause",
    width: 260,
    isShown: false,
    cell: ({ causes }) =>
      causes[0] ? <span title={causes.map(causeLabel).join("\n")}>{causeLabel(causes[0])}</span> : UNKNOWN,
    compare: by(({ causes }) => causes[0] && causeLabel(causes[0])),
  },
  {
    id: "client",
    header: "Client address",
    width: 140,
    isShown: false,
    cell: ({ clientIp }) => clientIp ?? UNKNOWN,
    compare: by(({ clientIp }) => clientIp),
  },
  {
    id: "agent",
    header: "User agent",
    width: 200,
    isShown: false,
    cell: ({ userAgent }) => (userAgent ? <span title={userAgent}>{userAgent}</span> : UNKNOWN),
    compare: by(({ userAgent }) => userAgent),
  },
];

/** Rows in the order of a sort as the URL has it; newest first for none, or for one that no column has. */
export function sorted(rows: readonly TraceRow[], sort: string | undefined): readonly TraceRow[] {
  const {
    column: { compare },
    isDescending,
  } = sortOf(sort);
  const sign = isDescending ? -1 : 1;
  // Equal ones stand newest first, so that an order does not change by itself.
  return [...rows].sort((one, other) => sign * compare(one, other) || other.start - one.start);
}

/** The column that a sort names, and its direction. */
export function sortOf(sort: string | undefined): { readonly column: Column; readonly isDescending: boolean } {
  const id = sort?.replace(/^-/, "");
  const named = COLUMNS.find((column) => column.id === id);
  return named
    ? { column: named, isDescending: sort?.startsWith("-") === true }
    : { column: STARTED, isDescending: true };
}

function by(of: (row: TraceRow) => string | number | undefined): (one: TraceRow, other: TraceRow) => number {
  return (one, other) => {
    const [a, b] = [of(one), of(other)];
    if (a === b) return 0;
    if (a === undefined) return -1;
    return b === undefined || a > b ? 1 : -1;
  };
}

function Result({ row: { outcome, isPartial } }: { row: TraceRow }) {
  return (
    <SpaceBetween direction="horizontal" size="xxs" alignItems="center">
      <OutcomeLabel outcome={outcome} />
      {isPartial && (
        <span title="A segment names a parent that has not come.">
          <Badge color="grey">Partial</Badge>
        </span>
      )}
    </SpaceBetween>
  );
}

function spanOrProgress(span: Seconds | undefined): ReactNode {
  if (span !== undefined) return <Box textAlign="right">{formatDuration(span)}</Box>;
  return <StatusIndicator type="in-progress">In progress</StatusIndicator>;
}
