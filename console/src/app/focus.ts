// Where the keyboard is after another page was opened: at that page's heading, which a screen reader then reads.

import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

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
