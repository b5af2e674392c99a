// A moment in full: the day, the time to the millisecond, and the reader's zone.

import type { EpochSeconds } from "../../model/units";

const FORMAT = new Intl.DateTimeFormat("en-GB", {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  timeZoneName: "short",
});

export function dateTime(at: EpochSeconds): string {
  return FORMAT.format(at * 1000);
}
