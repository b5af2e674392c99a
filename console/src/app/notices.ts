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
  tell({ type: "success", ariaRole: "status", header });
}

/** Tells that something failed; `what` is what was tried: `Tracing of stage Prod could not be switched on`. */
export function tellFailure(what: string, error: unknown): void {
  tell({ type: "error", ariaRole: "alert", header: what, content: explain(error) });
}

/** What an error says, and what to do next. */
export function explain(error: unknown): string {
  const said = saidBy(error);
  if (!(error instanceof ApiError)) return said;
  // Some services end what they say with a full stop, some do not.
  return `${said}${/[.!?]$/.test(said) ? "" : "."} ${error.nextStep}`;
}

/** What an error says by itself. */
export function saidBy(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.code.startsWith("HTTP") || error.status === 0) return error.message;
  return `${error.code}: ${error.message}`;
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
