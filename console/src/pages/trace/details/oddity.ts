import type { Oddity } from "../../../model/trace/trace";
import { formatDuration } from "../../../model/units";

/** Why a row stands where it stands, in a sentence. */
export function tellOddity(oddity: Oddity): string {
  switch (oddity.kind) {
    case "orphan":
      return `Its parent ${oddity.parentId} has not come: it is still open, was not sampled, or its sender lost it.`;
    case "cycle":
      return `It and its parent ${oddity.parentId} name each other as parents. The circle is cut here.`;
    case "before-parent":
      return `It starts ${formatDuration(oddity.seconds)} before the call that led to it: the clocks of the two differ.`;
    case "ends-before-start":
      return `Its end lies ${formatDuration(oddity.seconds)} before its start, so it is drawn without length.`;
    case "no-start":
      return "Its start is no time since 1970, so it is drawn at the beginning.";
  }
}
