// Choosing a stretch of a chart's bins: by dragging over them, or with the keys on two handles.

import { type KeyboardEvent, type PointerEvent, useState } from "react";

/** From this bin to that one, both included. */
export interface Stretch {
  readonly first: number;
  readonly last: number;
}

export type Handle = "first" | "last";

interface Options {
  /** How many bins there are. */
  readonly count: number;
  /** Which bin is below a place on the screen, the nearest one beyond the ends. */
  readonly binAt: (clientX: number) => number;
  /** What is chosen now; undefined for everything. */
  readonly chosen: Stretch | undefined;
  readonly onChoose: (stretch: Stretch | undefined) => void;
}

export interface Brush {
  /** What is shown as chosen: what is being drawn, else what was. */
  readonly shown: Stretch | undefined;
  /** Whether what is shown is not chosen yet. */
  readonly isDraft: boolean;
  readonly surface: {
    readonly onPointerDown: (event: PointerEvent) => void;
    readonly onPointerMove: (event: PointerEvent) => void;
    readonly onPointerUp: (event: PointerEvent) => void;
    readonly onPointerCancel: () => void;
  };
  readonly onKeyDown: (handle: Handle, event: KeyboardEvent) => void;
}

interface Draft extends Stretch {
  /** The bin where dragging began; undefined while the keys draw. */
  readonly anchor?: number;
}

export function useBrush({ count, binAt, chosen, onChoose }: Options): Brush {
  const [draft, setDraft] = useState<Draft>();
  const shown = draft ?? chosen;

  function choose(stretch: Stretch): void {
    setDraft(undefined);
    // All of it is no choice.
    onChoose(
      stretch.first === 0 && stretch.last === count - 1 ? undefined : { first: stretch.first, last: stretch.last },
    );
  }

  function onKeyDown(handle: Handle, event: KeyboardEvent): void {
    const held = shown ?? { first: 0, last: count - 1 };
    const key = event.key;
    if (key === "Enter" || key === " ") {
      if (draft) choose(draft);
    } else if (key === "Escape") {
      if (draft) setDraft(undefined);
      else if (chosen) onChoose(undefined);
      else return;
    } else {
      const moved = movedBy(key, held[handle], handle, held, count);
      if (moved === undefined) return;
      setDraft({ ...held, [handle]: moved });
    }
    event.preventDefault();
    event.stopPropagation();
  }

  return {
    shown,
    isDraft: draft !== undefined,
    surface: {
      onPointerDown: (event) => {
        if (event.button !== 0 || count === 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const bin = binAt(event.clientX);
        setDraft({ first: bin, last: bin, anchor: bin });
      },
      onPointerMove: (event) => {
        if (draft?.anchor === undefined) return;
        const bin = binAt(event.clientX);
        setDraft({ first: Math.min(bin, draft.anchor), last: Math.max(bin, draft.anchor), anchor: draft.anchor });
      },
      onPointerUp: () => {
        if (draft?.anchor !== undefined) choose(draft);
      },
      onPointerCancel: () => setDraft(undefined),
    },
    onKeyDown,
  };
}

/** Where a key moves a handle to, never past the other one; undefined for a key that moves nothing. */
function movedBy(key: string, at: number, handle: Handle, { first, last }: Stretch, count: number): number | undefined {
  const [least, most] = handle === "first" ? [0, last] : [first, count - 1];
  const far = Math.max(1, Math.round(count / 10));
  const to: Readonly<Record<string, number>> = {
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    PageDown: at - far,
    PageUp: at + far,
    Home: least,
    End: most,
  };
  const target = to[key];
  return target === undefined ? undefined : Math.min(Math.max(target, least), most);
}
