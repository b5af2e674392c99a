// The window of time that a page shows: it stands still while one looks, and is taken anew when one asks for it.

import { type ParsedLocation, useRouterState } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import { type EpochSeconds, now, type TimeSearch, type Window, windowOf } from "./time";

/** When the windows of the places in the browser's history were taken: who goes back finds what was there. */
const takenAt = new Map<string, EpochSeconds>();

export interface HeldWindow {
  readonly window: Window;
  /** When it was taken; what is relative counts from then. */
  readonly at: EpochSeconds;
  /** Takes it anew, from this moment on. */
  readonly refresh: () => void;
}

/** Holds the window of a search. `about` is what else is asked for: when it changes, the window is taken anew too. */
export function useWindow(time: TimeSearch, about = ""): HeldWindow {
  const place = useRouterState({ select: (state) => state.location.state.__TSR_key ?? "" });
  const asked = JSON.stringify([time.since, time.from, time.to, about]);
  const [held, setHeld] = useState(() => ({ asked, at: takenAt.get(place) ?? now() }));
  if (held.asked !== asked) setHeld({ asked, at: takenAt.get(place) ?? now() });
  useEffect(() => {
    takenAt.set(place, held.at);
  }, [place, held.at]);
  const refresh = useCallback(() => setHeld((one) => ({ ...one, at: now() })), []);
  return { window: windowOf(time, held.at), at: held.at, refresh };
}

/** Takes the window of a page that is not there yet, which will find it. */
export function windowAhead(location: ParsedLocation, time: TimeSearch): Window {
  const place = location.state.__TSR_key ?? "";
  const at = takenAt.get(place) ?? now();
  takenAt.set(place, at);
  return windowOf(time, at);
}

/** The present, told anew every so often while it goes on: for ages. */
export function useNow(everySeconds: number, goesOn = true): EpochSeconds {
  const [at, setAt] = useState(now);
  useEffect(() => {
    if (!goesOn) return;
    const timer = setInterval(() => setAt(now()), everySeconds * 1_000);
    return () => clearInterval(timer);
  }, [everySeconds, goesOn]);
  return at;
}
