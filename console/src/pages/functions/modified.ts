import { type EpochSeconds, epochSeconds } from "../../model/units";

/** Lambda writes times as `2026-11-22T06:12:05.490+0000`. */
export function modifiedAt(text: string | undefined): EpochSeconds | undefined {
  const at = Date.parse((text ?? "").replace(/\+0000$/, "Z"));
  return Number.isNaN(at) ? undefined : epochSeconds(at / 1e3);
}
