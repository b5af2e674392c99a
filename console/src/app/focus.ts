// Where the keyboard is after another page was opened: at that page's heading, which a screen reader then reads.

import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

/** How long a page may take to show its heading before its place is focused instead. */
const PATIENCE_MS = 1_000;

/** The element that holds the page; beside it the layout's `main` has the navigation, too. */
export const CONTENT_ID = "content";

export function focusContent(): void {
  const content = document.getElementById(CONTENT_ID);
  focus(content?.querySelector("h1") ?? content);
}

/** Moves the focus along with each change of the path; a change of the search alone leaves it where it is. */
export function useFocusAfterNavigation(): void {
  const router = useRouter();
  useEffect(() => {
    let stop = () => {};
    const unsubscribe = router.subscribe("onRendered", ({ fromLocation, toLocation }) => {
      if (!fromLocation || fromLocation.pathname === toLocation.pathname) return;
      stop();
      stop = focusWhenShown(document.getElementById(CONTENT_ID));
    });
    return () => {
      stop();
      unsubscribe();
    };
  }, [router]);
}

/**
 * Gives the focus back to what had it when something was opened, once that is closed and took the focus along. `of` names
 * what is open; undefined for nothing.
 */
export function useFocusAfterClosing(of: string | undefined): void {
  const before = useRef<string | undefined>(undefined);
  const opener = useRef<Element | null>(null);
  useEffect(() => {
    const focused = document.activeElement;
    if (of !== undefined && of !== before.current) opener.current = focused;
    if (of === undefined && before.current !== undefined && (focused === null || focused === document.body)) {
      const { current } = opener;
      const canTakeIt = current?.isConnected && current !== document.body;
      if (canTakeIt && (current instanceof HTMLElement || current instanceof SVGElement)) current.focus();
      else focusContent();
    }
    before.current = of;
  }, [of]);
}

/** Focuses the heading as soon as there is one, unless the page or the reader put the focus into it before. */
function focusWhenShown(content: HTMLElement | null): () => void {
  if (!content) return () => {};
  const isTaken = () => content.contains(document.activeElement);
  const settle = () => {
    const heading = content.querySelector("h1");
    if (isTaken() || heading) stop();
    if (!isTaken() && heading) focus(heading);
  };
  const observer = new MutationObserver(settle);
  const timer = setTimeout(() => {
    stop();
    if (!isTaken()) focus(content);
  }, PATIENCE_MS);
  const stop = () => {
    observer.disconnect();
    clearTimeout(timer);
  };
  observer.observe(content, { childList: true, subtree: true });
  settle();
  return stop;
}

function focus(element: HTMLElement | null): void {
  if (!element) return;
  if (!element.hasAttribute("tabindex")) element.setAttribute("tabindex", "-1");
  element.focus({ preventScroll: true });
}
