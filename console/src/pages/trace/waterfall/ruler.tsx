// The head of the waterfall: the columns' names, the handle between them, and the time.

import { ResizeHandle } from "../../../components/resize-handle";
import { useWidth } from "../../../components/use-width";
import { ticks } from "../../../model/trace/time-slice";
import type { Span } from "../../../model/trace/trace";
import { ColumnHeader, GridRow, RowGroup } from "./grid";

interface Props {
  slice: Span;
  nameWidth: number;
  onNameWidth: (width: number) => void;
}

const NAME_WIDTH = { least: 120, most: 900 } as const;

/** Marks that stand closer than so many pixels run into each other. */
const MARK_ROOM = 90;

export function Ruler({ slice, nameWidth, onNameWidth }: Props) {
  const [head, width] = useWidth<HTMLDivElement>();
  const length = slice.to - slice.from;
  return (
    <RowGroup className="waterfall-head">
      <GridRow aria-rowindex={1} className="waterfall-row">
        <ColumnHeader className="waterfall-name">
          Name
          <ResizeHandle
            label="Width of the names"
            value={nameWidth}
            min={NAME_WIDTH.least}
            max={NAME_WIDTH.most}
            grows="right"
            onChange={onNameWidth}
          />
        </ColumnHeader>
        <ColumnHeader className="waterfall-status">Status</ColumnHeader>
        <ColumnHeader className="waterfall-duration">Duration</ColumnHeader>
        <ColumnHeader className="waterfall-time" label="Time" at={head}>
          {ticks(slice, width / MARK_ROOM).map(({ at, text }) => (
            <span
              key={at}
              className={at - slice.from > 0.9 * length ? "ruler-mark is-last" : "ruler-mark"}
              style={{ insetInlineStart: `${((at - slice.from) / length) * 100}%` }}
            >
              {text}
            </span>
          ))}
        </ColumnHeader>
      </GridRow>
    </RowGroup>
  );
}
