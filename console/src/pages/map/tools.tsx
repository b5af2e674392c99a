// What stands above the map: search, group, grouping, map or list, a new layout.

import "./map.css";
import Button from "@cloudscape-design/components/button";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select, { type SelectProps } from "@cloudscape-design/components/select";
import { useCallback } from "react";
import { Groups } from "../../components/groups";
import { SearchInput } from "../../components/search-input";
import type { Grouping } from "../../model/graph-grouping";
import type { MapChange, MapSearch } from "./search";

interface Props {
  readonly search: MapSearch;
  readonly onChange: (change: MapChange, replace?: boolean) => void;
  /** How many nodes the search finds; undefined while nothing is searched for. */
  readonly found: number | undefined;
  /** Somebody wants what was found: Enter. */
  readonly onFind: () => void;
  readonly onLayout: () => void;
}

const BY: Readonly<Record<Grouping, SelectProps.Option>> = {
  none: { value: "none", label: "Every node", description: "As X-Ray has them" },
  function: { value: "function", label: "Functions as one", description: "Lambda's service and the function's code" },
  type: { value: "type", label: "By type", description: "All nodes of a type as one" },
};

export function Tools({ search, onChange, found, onFind, onLayout }: Props) {
  const onText = useCallback((find: string) => onChange({ find: find || undefined }, true), [onChange]);
  return (
    <div className="map-tools">
      <div className="map-search">
        <SearchInput
          label="Find a service"
          placeholder="Find by name or type"
          text={search.find ?? ""}
          onText={onText}
          onEnter={onFind}
          invalid={found === 0}
        />
      </div>
      <Groups group={search.group} onGroup={(group) => onChange({ group })} expression="" />
      <Select
        ariaLabel="Draw as one"
        selectedOption={BY[search.by ?? "none"]}
        options={Object.values(BY)}
        onChange={({ detail }) => {
          const by = detail.selectedOption.value;
          onChange({ by: by === "function" || by === "type" ? by : undefined, node: undefined, edge: undefined });
        }}
        expandToViewport
      />
      <SegmentedControl
        label="Show as"
        selectedId={search.view ?? "map"}
        options={[
          { id: "map", text: "Map" },
          { id: "list", text: "List" },
        ]}
        onChange={({ detail }) => onChange({ view: detail.selectedId === "list" ? "list" : undefined })}
      />
      {search.view !== "list" && (
        <Button iconName="view-full" onClick={onLayout}>
          Lay out anew
        </Button>
      )}
    </div>
  );
}
