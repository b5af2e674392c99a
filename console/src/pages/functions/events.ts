// The test events that somebody saved for a function, in this browser.

import { useCallback, useSyncExternalStore } from "react";
import { readEvents, type TestEvent, withEvent, withoutEvent } from "../../model/test-event";

const listeners = new Set<() => void>();
/** What was read last, so that the same text gives the same list. */
const read = new Map<string, { text: string | null; events: readonly TestEvent[] }>();

export function useSavedEvents(functionName: string): readonly TestEvent[] {
  return useSyncExternalStore(
    subscribe,
    useCallback(() => savedEvents(functionName), [functionName]),
  );
}

export function saveEvent(functionName: string, event: TestEvent): void {
  keep(functionName, withEvent(savedEvents(functionName), event));
}

export function deleteEvent(functionName: string, name: string): void {
  keep(functionName, withoutEvent(savedEvents(functionName), name));
}

function savedEvents(functionName: string): readonly TestEvent[] {
  const key = keyOf(functionName);
  const text = localStorage.getItem(key);
  const known = read.get(key);
  if (known && known.text === text) return known.events;
  const events = readEvents(text);
  read.set(key, { text, events });
  return events;
}

function keep(functionName: string, events: readonly TestEvent[]): void {
  const key = keyOf(functionName);
  if (events.length > 0) localStorage.setItem(key, JSON.stringify(events));
  else localStorage.removeItem(key);
  for (const listener of listeners) listener();
}

function keyOf(functionName: string): string {
  return `fluoro.events.${functionName}`;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  // Another tab may save one, too.
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}
