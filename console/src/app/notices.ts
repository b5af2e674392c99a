// What was done, or could not be done, told at the top of the page.

import type { FlashbarProps } from "@cloudscape-design/components/flashbar";
import { useSyncExternalStore } from "react";
import { ApiError } from "../api/operation";

let notices: readonly FlashbarProps.MessageDefinition[] = [];
let next = 0;
const listeners = new Set<() => void>();

export function useNotices(): readonly FlashbarProps.MessageDefinition[] {
  return useSyncExternalStore(subscribe, () => notices);
}

export function tellSuccess(header: string): void {
  tell({ type: "success", header });
}

/** Tells that something failed; `what` is what was tried: `Tracing of stage Prod could not be switched on`. */
export function tellFailure(what: string, error: unknown): void {
  tell({ type: "error", header: what, content: explain(error) });
}

/** What an error says, and what to do next. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) {
    const told =
      error.code.startsWith("HTTP") || error.status === 0 ? error.message : `${error.code}: ${error.message}`;
    return [told, error.nextStep].filter(Boolean).join(" ");
  }
  return error instanceof Error ? error.message : String(error);
}

function tell(notice: FlashbarProps.MessageDefinition): void {
  const id = String(next++);
  const dismissed = () => change(notices.filter((one) => one.id !== id));
  const shown = { ...notice, id, dismissible: true, dismissLabel: "Dismiss", onDismiss: dismissed };
  // The newest first: the others lie behind it. More than a few at once nobody reads.
  change([shown, ...notices].slice(0, 4));
}

function change(to: readonly FlashbarProps.MessageDefinition[]): void {
  notices = to;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
