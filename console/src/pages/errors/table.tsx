// The groups of failures, each in a line.

import { useCollection } from "@cloudscape-design/collection-hooks";
import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Pagination from "@cloudscape-design/components/pagination";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import type { EpochSeconds, Window } from "../../app/time";
import { useNow } from "../../app/window";
import { OutcomeSign } from "../../components/outcome-sign";
import { type FailureGroup, titleOf } from "../../model/errors";
import { shortName } from "../../model/graph-kind";
import { formatAge, formatCount, formatPercent, shareOf } from "../../model/units";
import { Sparkline } from "./sparkline";

interface Props {
  readonly groups: readonly FailureGroup[];
  /** Of how many failed traces. */
  readonly total: number;
  readonly window: Window;
  readonly selected: string | undefined;
  readonly onSelect: (id: string | undefined) => void;
  readonly empty: ReactNode;
}

const PAGE = 50;

export function FailureTable({ groups, total, window, selected, onSelect, empty }: Props) {
  const now = useNow(5);
  const definitions = columns({ total, window, now, onSelect });
  const [byTraces] = definitions.filter((column) => column.id === "traces");
  const { items, collectionProps, paginationProps } = useCollection(groups, {
    pagination: { pageSize: PAGE },
    sorting: byTraces ? { defaultState: { sortingColumn: byTraces, isDescending: true } } : {},
  });
  return (
    <Table
      {...collectionProps}
      items={items}
      trackBy="id"
      columnDefinitions={definitions}
      selectionType="single"
      selectedItems={groups.filter((group) => group.id === selected)}
      onSelectionChange={({ detail }) => onSelect(detail.selectedItems[0]?.id)}
      onRowClick={({ detail }) => onSelect(detail.item.id)}
      columnDisplay={definitions.map(({ id = "" }) => ({
        id,
        // Beside the details there is no room for what stands in them, too.
        visible: selected === undefined || id !== "first",
      }))}
      empty={empty}
      pagination={groups.length > PAGE ? <Pagination {...paginationProps} /> : undefined}
      ariaLabels={{
        tableLabel: "Failures",
        selectionGroupLabel: "Selected failure",
        itemSelectionLabel: (_, group) => `Select ${titleOf(group)}`,
      }}
    />
  );
}

interface Drawing extends Pick<Props, "total" | "window" | "onSelect"> {
  readonly now: EpochSeconds;
}

/** One and the same in every drawing, for that is how the table knows by what it is sorted. */
function byCount(a: FailureGroup, b: FailureGroup): number {
  return a.traces.length - b.traces.length;
}

function columns({ total, window, now, onSelect }: Drawing): TableProps.ColumnDefinition<FailureGroup>[] {
  return [
    {
      id: "failure",
      header: "Failure",
      isRowHeader: true,
      minWidth: 280,
      cell: (group) => <Failed group={group} onSelect={onSelect} />,
    },
    { id: "trend", header: "Over time", cell: ({ traces }) => <Sparkline traces={traces} window={window} /> },
    {
      id: "traces",
      header: "Traces",
      sortingComparator: byCount,
      cell: ({ traces }) => `${formatCount(traces.length)} (${formatPercent(shareOf(traces.length, total))})`,
    },
    {
      id: "first",
      header: "First seen",
      sortingField: "firstSeen",
      cell: ({ firstSeen }) => formatAge(firstSeen, now),
    },
    { id: "last", header: "Last seen", sortingField: "lastSeen", cell: ({ lastSeen }) => formatAge(lastSeen, now) },
  ];
}

function Failed({ group, onSelect }: { group: FailureGroup; onSelect: Props["onSelect"] }) {
  const names = group.path.map((service) => shortName(service.name, service.type));
  return (
    <div className="failure">
      <OutcomeSign outcome={group.kind} />{" "}
      <Button variant="inline-link" onClick={() => onSelect(group.id)}>
        {titleOf(group)}
      </Button>{" "}
      {group.isHandled && <Badge>Handled</Badge>}
      {group.exception?.message !== undefined && <div className="failure-message">{group.exception.message}</div>}
      <Box fontSize="body-s" color="text-body-secondary">
        {names.filter((name, index) => name !== names[index - 1]).join(" → ")}
      </Box>
    </div>
  );
}
