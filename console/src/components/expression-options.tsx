// What a filter expression could go on with, below its field: the keys stay in the field, which names the option that
// they have come to.

import type { Option } from "../model/filter/complete";
import { formatCount } from "../model/units";
import styles from "./expression-input.module.css";

interface Props {
  readonly id: string;
  readonly label: string;
  readonly options: readonly Option[];
  /** The number of the option that the keys have come to. */
  readonly active: number | undefined;
  readonly onChoose: (option: Option) => void;
}

/** So many options are in sight at once; the keys move on to the others. */
const IN_SIGHT = 10;

export function optionId(listId: string, index: number): string {
  return `${listId}-${index}`;
}

export function ExpressionOptions({ id, label, options, active, onChoose }: Props) {
  const first = Math.max(0, (active ?? 0) - IN_SIGHT + 1);
  const shown = options.slice(first, first + IN_SIGHT);
  const more = options.length - first - shown.length;
  return (
    <div className={styles["options"]}>
      <div id={id} role="listbox" aria-label={label} tabIndex={-1}>
        {shown.map((option, at) => {
          const index = first + at;
          return (
            <div
              key={option.label}
              id={optionId(id, index)}
              role="option"
              aria-selected={index === active}
              aria-posinset={index + 1}
              aria-setsize={options.length}
              className={`${styles["option"]} ${index === active ? styles["active"] : ""}`}
              tabIndex={-1}
              onMouseDown={(event) => {
                // The focus stays in the field.
                event.preventDefault();
                onChoose(option);
              }}
            >
              <code>{option.label}</code>
              <span>{option.detail}</span>
            </div>
          );
        })}
      </div>
      {more > 0 && (
        <div className={styles["more"]} aria-hidden="true">
          {formatCount(more)} more
        </div>
      )}
    </div>
  );
}
