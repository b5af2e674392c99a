// What each method handled: counts, and quantiles of its latency.

import Header from "@cloudscape-design/components/header";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { type MethodSeries, methodName, ofMethods, type Series } from "../../model/traffic";
import { formatCount, formatDuration, milliseconds } from "../../model/units";

type Column = TableProps.ColumnDefinition<MethodSeries>;

export function MethodTable({ series, withStage = false }: { series: readonly Series[]; withStage?: boolean }) {
  const rows = ofMethods(series).toSorted((a, b) => b.requests - a.requests);
  const columns: Column[] = [
    { id: "method", header: "Method", isRowHeader: true, cell: methodName },
    ...(withStage ? [{ id: "stage", header: "Stage", cell: (one: MethodSeries) => one.stage }] : []),
    counted("requests", "Requests", (one) => one.requests),
    counted("errors", "Errors", (one) => one.errors - one.throttles),
    counted("faults", "Faults", (one) => one.faults),
    counted("throttles", "Throttles", (one) => one.throttles),
    took("p50"),
    took("p90"),
    took("p99"),
    took("max"),
  ];
  return (
    <Table
      header={<Header variant="h2">By method</Header>}
      items={rows}
      columnDefinitions={columns}
      contentDensity="compact"
      trackBy={(one) => `${one.stage} ${methodName(one)}`}
      ariaLabels={{ tableLabel: "Requests by method" }}
    />
  );
}

function counted(id: string, header: string, of: (one: MethodSeries) => number): Column {
  return { id, header, cell: (one): ReactNode => formatCount(of(one)) };
}

function took(of: "p50" | "p90" | "p99" | "max"): Column {
  const header = of === "max" ? "Longest" : of;
  return { id: of, header, cell: (one): ReactNode => formatDuration(milliseconds(one.latency_ms[of])) };
}
