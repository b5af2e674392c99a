// The list of traces: sorted, paged, with the columns that somebody chose.

import CollectionPreferences from "@cloudscape-design/components/collection-preferences";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useRouter } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { useNow } from "../../app/window";
import type { TraceRow } from "../../model/trace-row";
import { counted, formatCount } from "../../model/units";
import { COLUMNS, sorted, sortOf } from "./columns";
import { PAGE_SIZES, type Preferences, usePreferences } from "./preferences";

interface Props {
  readonly rows: readonly TraceRow[];
  readonly isLoading: boolean;
  readonly sort: string | undefined;
  readonly onSort: (sort: string | undefined) => void;
  readonly page: number;
  readonly onPage: (page: number) => void;
  readonly empty: ReactNode;
  readonly actions: ReactNode;
  /** What is being done to fill the list, and how far it is. */
  readonly status: ReactNode;
}

type Definition = TableProps.ColumnDefinition<TraceRow>;

export function TraceList({ rows, isLoading, sort, onSort, page, onPage, empty, actions, status }: Props) {
  const router = useRouter();
  const now = useNow(5);
  const [preferences, change] = usePreferences();
  const ordered = useMemo(() => sorted(rows, sort), [rows, sort]);
  const pages = Math.max(1, Math.ceil(ordered.length / preferences.pageSize));
  const current = Math.min(page, pages);
  const first = (current - 1) * preferences.pageSize;
  const { column, isDescending } = sortOf(sort);
  const definitions = useMemo(
    () =>
      COLUMNS.map(
        ({ id, header, width, cell, compare }): Definition => ({
          id,
          header,
          width: preferences.widths[id] ?? width,
          minWidth: 70,
          cell: (row) => cell(row, now),
          isRowHeader: id === "trace",
          sortingComparator: compare,
          ariaLabel: ({ sorted: isSorted, descending }) =>
            isSorted ? `${header}, sorted ${descending ? "descending" : "ascending"}` : `${header}, not sorted`,
        }),
      ),
    [preferences.widths, now],
  );
  const sorting = definitions.find(({ id }) => id === column.id);
  return (
    <Table
      variant="container"
      trackBy="id"
      items={ordered.slice(first, first + preferences.pageSize)}
      columnDefinitions={definitions}
      columnDisplay={preferences.columns}
      {...(sorting ? { sortingColumn: sorting } : {})}
      sortingDescending={isDescending}
      onSortingChange={({ detail }) => {
        const chosen = definitions.find(({ sortingComparator: of }) => of === detail.sortingColumn.sortingComparator);
        onSort(`${detail.isDescending ? "-" : ""}${chosen?.id ?? "start"}`);
      }}
      resizableColumns
      onColumnWidthsChange={({ detail }) => change({ widths: widthsOf(detail.widths, preferences) })}
      loading={isLoading && rows.length === 0}
      loadingText="Looking for traces"
      empty={empty}
      wrapLines={preferences.wraps}
      contentDensity={preferences.isCompact ? "compact" : "comfortable"}
      onRowClick={({ detail }) => {
        // A click that ends a selection of text is no wish to go anywhere.
        if (window.getSelection()?.isCollapsed !== false) {
          void router.navigate({ to: "/traces/$traceId", params: { traceId: detail.item.id } });
        }
      }}
      header={
        <Header variant="h2" counter={`(${formatCount(rows.length)})`} actions={actions}>
          Traces found
        </Header>
      }
      filter={status}
      pagination={
        <Pagination
          currentPageIndex={current}
          pagesCount={pages}
          onChange={({ detail }) => onPage(detail.currentPageIndex)}
        />
      }
      preferences={<ListPreferences preferences={preferences} onChange={change} />}
      ariaLabels={{ tableLabel: "Traces" }}
      renderAriaLive={({ totalItemsCount }) => counted(totalItemsCount ?? 0, "trace")}
      totalItemsCount={ordered.length}
      firstIndex={first + 1}
    />
  );
}

/** Widths come for the columns that are shown, in their order. */
function widthsOf(widths: readonly number[], { columns, widths: before }: Preferences): Preferences["widths"] {
  const shown = columns.filter(({ visible }) => visible);
  return { ...before, ...Object.fromEntries(shown.flatMap(({ id }, at) => (widths[at] ? [[id, widths[at]]] : []))) };
}

interface ListPreferencesProps {
  preferences: Preferences;
  onChange: (changed: Partial<Preferences>) => void;
}

function ListPreferences({ preferences, onChange }: ListPreferencesProps) {
  return (
    <CollectionPreferences
      title="How to show traces"
      confirmLabel="Confirm"
      cancelLabel="Cancel"
      preferences={{
        pageSize: preferences.pageSize,
        wrapLines: preferences.wraps,
        contentDensity: preferences.isCompact ? "compact" : "comfortable",
        contentDisplay: preferences.columns,
      }}
      pageSizePreference={{ options: PAGE_SIZES.map((value) => ({ value, label: counted(value, "trace") })) }}
      wrapLinesPreference={{}}
      contentDensityPreference={{}}
      contentDisplayPreference={{
        options: COLUMNS.map(({ id, header }) => ({ id, label: header, alwaysVisible: id === "trace" })),
      }}
      onConfirm={({ detail }) =>
        onChange({
          columns: detail.contentDisplay ?? preferences.columns,
          pageSize: detail.pageSize ?? preferences.pageSize,
          wraps: detail.wrapLines === true,
          isCompact: detail.contentDensity === "compact",
        })
      }
    />
  );
}
