// The map as a list: the services with their numbers, to be sorted, and to be read where a map cannot be.

import { useCollection } from "@cloudscape-design/collection-hooks";
import Button from "@cloudscape-design/components/button";
import Pagination from "@cloudscape-design/components/pagination";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import type { Graph, GraphNode, GraphSelection, NodeKey } from "../../model/graph";
import { kindOf, shortName } from "../../model/graph-kind";
import { averageOf, isTimed, percentileOf } from "../../model/graph-statistics";
import type { Outcome } from "../../model/outcome";
import { formatCount, formatDuration, formatPercent, shareOf } from "../../model/units";

interface Props {
  readonly graph: Graph;
  /** What was searched for; undefined when nothing is. */
  readonly found: ReadonlySet<NodeKey> | undefined;
  readonly selection: GraphSelection | undefined;
  readonly onSelect: (selection: GraphSelection | undefined) => void;
}

const PAGE = 50;

export function NodeList({ graph, found, selection, onSelect }: Props) {
  const nodes = found ? graph.nodes.filter((node) => found.has(node.key)) : graph.nodes;
  const columns = columnsWith(onSelect);
  const [byRequests] = columns.filter((column) => column.id === "total");
  const { items, collectionProps, paginationProps } = useCollection(nodes, {
    pagination: { pageSize: PAGE },
    sorting: byRequests ? { defaultState: { sortingColumn: byRequests, isDescending: true } } : {},
  });
  const selected = selection?.kind === "node" ? nodes.filter((node) => node.key === selection.key) : [];
  return (
    <Table
      {...collectionProps}
      items={items}
      trackBy="key"
      columnDefinitions={columns}
      selectionType="single"
      selectedItems={selected}
      onSelectionChange={({ detail }) => {
        const [node] = detail.selectedItems;
        onSelect(node && { kind: "node", key: node.key });
      }}
      empty="No service is called so."
      pagination={nodes.length > PAGE ? <Pagination {...paginationProps} /> : undefined}
      ariaLabels={{
        tableLabel: "Services",
        selectionGroupLabel: "Selected service",
        itemSelectionLabel: (_, node) => `Select ${node.name}, ${kindOf(node.type).label}`,
      }}
    />
  );
}

type Column = TableProps.ColumnDefinition<GraphNode>;

/** A column of numbers: what is sorted by, and how it is written. */
interface NumberColumn {
  readonly id: string;
  readonly header: string;
  readonly value: (node: GraphNode) => number | undefined;
  readonly text: (node: GraphNode) => string;
  /** One and the same in every drawing, for that is how the table knows by what it is sorted. */
  readonly compare: (a: GraphNode, b: GraphNode) => number;
}

function numbers(id: string, header: string, value: NumberColumn["value"], text: NumberColumn["text"]): NumberColumn {
  return { id, header, value, text, compare: (a, b) => (value(a) ?? -1) - (value(b) ?? -1) };
}

function shares(outcome: Outcome, header: string): NumberColumn {
  const value = ({ traffic }: GraphNode) => shareOf(traffic.counts[outcome], traffic.total);
  return numbers(outcome, header, value, (node) => formatPercent(value(node)));
}

const total = ({ traffic }: GraphNode) => traffic.total;
const average = ({ traffic }: GraphNode) => averageOf(traffic);
const p95 = ({ traffic }: GraphNode) => (isTimed(traffic) ? percentileOf(traffic.histogram, 0.95) : undefined);

const NUMBERS: readonly NumberColumn[] = [
  numbers("total", "Requests", total, (node) => formatCount(total(node))),
  numbers("average", "Average", average, (node) => formatDuration(average(node))),
  numbers("p95", "p95", p95, (node) => formatDuration(p95(node))),
  shares("error", "Errors"),
  shares("throttle", "Throttles"),
  shares("fault", "Faults"),
];

function columnsWith(onSelect: Props["onSelect"]): Column[] {
  return [
    {
      id: "name",
      header: "Service",
      sortingField: "name",
      isRowHeader: true,
      minWidth: 240,
      cell: (node) => (
        <Button variant="inline-link" onClick={() => onSelect({ kind: "node", key: node.key })}>
          {shortName(node.name, node.type)}
        </Button>
      ),
    },
    { id: "type", header: "Type", sortingField: "type", cell: (node) => kindOf(node.type).label },
    ...NUMBERS.map(
      ({ id, header, text, compare }): Column => ({
        id,
        header,
        cell: text,
        sortingComparator: compare,
      }),
    ),
  ];
}
