// A page's list of things: searched, sorted and paged, with the search and the order in the URL.

import { useCollection } from "@cloudscape-design/collection-hooks";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { type ReactNode, useEffect } from "react";
import { oneOf, text } from "../app/search";
import { SearchInput } from "./search-input";
import { Empty } from "./states";

export interface ListSearch {
  /** What is searched for. */
  q?: string;
  /** The column by which rows are ordered; with a hyphen before it, backwards. */
  sort?: string;
}

export function readList(columns: readonly string[]): (search: Record<string, unknown>) => ListSearch {
  const orders = columns.flatMap((column) => [column, `-${column}`]);
  return (search) => {
    const [q, sort] = [text(search["q"]), oneOf(orders, search["sort"])];
    return { ...(q && { q }), ...(sort && { sort }) };
  };
}

export type ListColumn<T> = TableProps.ColumnDefinition<T> & { readonly id: string };

interface Props<T> {
  readonly title: string;
  readonly description: string;
  readonly noun: { readonly one: string; readonly many: string };
  readonly items: readonly T[];
  readonly loading: boolean;
  readonly columns: readonly ListColumn<T>[];
  readonly trackBy: (item: T) => string;
  readonly search: ListSearch;
  readonly onSearch: (search: ListSearch) => void;
  readonly actions?: ReactNode;
  /** What stands there when there is nothing at all. */
  readonly empty: ReactNode;
}

const PAGE = 50;

export function ResourceList<T>(props: Props<T>) {
  const { items, columns, noun, search, onSearch } = props;
  const descending = search.sort?.startsWith("-") ?? false;
  const sorted = columns.find((column) => column.id === search.sort?.replace(/^-/, ""));
  const {
    items: shown,
    actions,
    collectionProps,
    filteredItemsCount = items.length,
    paginationProps,
  } = useCollection(items, {
    filtering: {
      defaultFilteringText: search.q ?? "",
      empty: props.empty,
      noMatch: (
        <Empty title={`No ${noun.one} matches`}>
          <Button onClick={() => searchFor("")}>Clear the search</Button>
        </Empty>
      ),
    },
    sorting: sorted ? { defaultState: { sortingColumn: sorted, isDescending: descending } } : {},
    pagination: { pageSize: PAGE },
  });
  const searchFor = (q: string) => onSearch({ ...(q && { q }), ...(search.sort && { sort: search.sort }) });
  // What is searched for and how it is ordered may change without us: with Back, or a link to the page.
  useEffect(() => actions.setFiltering(search.q ?? ""), [search.q, actions]);
  useEffect(
    () => actions.setMultiSorting(sorted ? [{ sortingColumn: sorted, isDescending: descending }] : []),
    [sorted, descending, actions],
  );
  return (
    <Table
      {...collectionProps}
      variant="full-page"
      stickyHeader
      items={shown}
      trackBy={props.trackBy}
      columnDefinitions={columns}
      loading={props.loading}
      loadingText={`Loading ${noun.many}`}
      ariaLabels={{ tableLabel: props.title }}
      header={
        <Header
          variant="h1"
          counter={props.loading ? "" : search.q ? `(${filteredItemsCount} of ${items.length})` : `(${items.length})`}
          description={props.description}
          actions={props.actions}
        >
          {props.title}
        </Header>
      }
      filter={
        <SearchInput
          label={`Find ${noun.many}`}
          placeholder={`Find ${noun.many}`}
          text={search.q ?? ""}
          onText={searchFor}
        />
      }
      pagination={items.length > PAGE ? <Pagination {...paginationProps} /> : undefined}
      onSortingChange={(event) => {
        const { sortingColumn, isDescending } = event.detail;
        const id = columns.find((column) => column.sortingField === sortingColumn.sortingField)?.id;
        onSearch({ ...(search.q && { q: search.q }), ...(id && { sort: isDescending ? `-${id}` : id }) });
      }}
    />
  );
}
