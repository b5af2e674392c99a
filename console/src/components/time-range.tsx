// Which time a page shows: chosen relative to now or by the calendar, shown anew on demand, or live.

import ButtonGroup from "@cloudscape-design/components/button-group";
import DateRangePicker from "@cloudscape-design/components/date-range-picker";
import SpaceBetween from "@cloudscape-design/components/space-between";
import ToggleButton from "@cloudscape-design/components/toggle-button";
import { isLive, type TimeSearch } from "../app/time";
import { PRESETS, pickerValueOf, timeOf } from "../model/date-range";

interface Props {
  time: TimeSearch;
  onChange: (time: TimeSearch) => void;
  onRefresh: () => void;
  isRefreshing: boolean;
  /** Whether the page follows what happens; absent where it cannot. */
  live?: boolean;
  onLive?: (live: boolean) => void;
}

export function TimeRange({ time, onChange, onRefresh, isRefreshing, live, onLive }: Props) {
  return (
    <SpaceBetween direction="horizontal" size="xs" alignItems="center">
      <DateRangePicker
        value={pickerValueOf(time)}
        relativeOptions={[...PRESETS]}
        customRelativeRangeUnits={["second", "minute", "hour", "day"]}
        isValidRange={(value) =>
          value && timeOf(value)
            ? { valid: true }
            : { valid: false, errorMessage: "The range must begin before it ends." }
        }
        onChange={({ detail }) => {
          const chosen = detail.value && timeOf(detail.value);
          if (chosen) onChange(chosen);
        }}
        ariaLabel="Time range"
        timeInputFormat="hh:mm:ss"
        showClearButton={false}
        expandToViewport
      />
      <ButtonGroup
        variant="icon"
        ariaLabel="Show anew"
        items={[{ type: "icon-button", id: "refresh", iconName: "refresh", text: "Refresh", loading: isRefreshing }]}
        onItemClick={onRefresh}
      />
      {live !== undefined && onLive && (
        <ToggleButton
          pressed={live && isLive(time)}
          iconName="play"
          pressedIconName="pause"
          onChange={({ detail }) => onLive(detail.pressed)}
        >
          Live
        </ToggleButton>
      )}
    </SpaceBetween>
  );
}
