// A line between two parts of a page that is dragged, or moved with the arrow keys, to give one of them more room.

import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import "./resize-handle.css";

interface Props {
  label: string;
  /** The width in pixels that it changes. */
  value: number;
  min: number;
  max: number;
  /** Which way is more: the part lies before the handle, or after it. */
  grows: "right" | "left";
  onChange: (value: number) => void;
}

const STEP = 16;

export function ResizeHandle({ label, value, min, max, grows, onChange }: Props) {
  const from = useRef<{ x: number; value: number } | undefined>(undefined);
  const sign = grows === "right" ? 1 : -1;
  const set = (next: number) => onChange(Math.round(Math.max(min, Math.min(max, next))));
  const drag = (event: PointerEvent) => {
    if (from.current) set(from.current.value + sign * (event.clientX - from.current.x));
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "ArrowRight") set(value + sign * STEP);
    else if (event.key === "ArrowLeft") set(value - sign * STEP);
    else if (event.key === "Home") set(min);
    else if (event.key === "End") set(max);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator with a value is no <hr>
    <div
      className="resize-handle"
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation="vertical"
      aria-valuenow={value}
      aria-valuemin={min}
      aria-valuemax={max}
      onKeyDown={press}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, value };
      }}
      onPointerMove={drag}
      onPointerUp={() => {
        from.current = undefined;
      }}
    />
  );
}
