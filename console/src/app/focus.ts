// Where the keyboard is after another page was opened: at that page's heading, which a screen reader then reads.

import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

/** How long a page may take to show its heading before its place is focused instead. */
const PATIENCE_MS = 1_000;

export function focusContent(): void {
  const main = document.querySelector("main");
  focus(main?.querySelector("h1") ?? main);
}

/** Moves the focus along with each change of the path; a change of the search alone leaves it where it is. */
export function useFocusAfterNavigation(): void {
  const router = useRouter();
  useEffect(() => {
    let stop = () => {};
    const unsubscribe = router.subscribe("onRendered", ({ fromLocation, toLocation }) => {
      if (!fromLocation || fromLocation.pathname === toLocation.pathname) return;
      stop();
      stop = focusWhenShown(document.querySelector("main"));
    });
    return () => {
      stop();
      unsubscribe();
    };
  }, [router]);
}

/** Focuses the heading as soon as there is one, unless the page or the reader put the focus into it before. */
function focusWhenShown(main: HTMLElement | null): () => void {
  if (!main) return () => {};
  const isTaken = () => main.contains(document.activeElement);
  const settle = () => {
    const heading = main.querySelector("h1");
    if (isTaken() || heading) stop();
    if (!isTaken() && heading) focus(heading);
  };
  const observer = new MutationObserver(settle);
  const timer = setTimeout(() => {
    stop();
    if (!isTaken()) focus(main);
  }, PATIENCE_MS);
  const stop = () => {
    observer.disconnect();
    clearTimeout(timer);
  };
  observer.observe(main, { childList: true, subtree: true });
  settle();
  return stop;
}

function focus(element: HTMLElement | null): void {
  if (!element) return;
  if (!element.hasAttribute("tabindex")) element.setAttribute("tabindex", "-1");
  element.focus({ preventScroll: true });
}
