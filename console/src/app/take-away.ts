// What a page lets one take along: as text for elsewhere, or as a file.

import { tellFailure, tellSuccess } from "./notices";

/** Copies a text; `what` is what the notice calls it: `Link`. */
export async function copyText(what: string, text: string): Promise<void> {
  if (!window.isSecureContext) {
    const why =
      "Browsers let a page copy at https:// addresses and on this machine only: open the console at one of those.";
    return tellFailure(`${what} could not be copied`, new Error(why));
  }
  try {
    await navigator.clipboard.writeText(text);
    tellSuccess(`${what} copied`);
  } catch (error) {
    tellFailure(`${what} could not be copied`, error);
  }
}

export function downloadText(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
