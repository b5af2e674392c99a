// A field for a filter expression: coloured as it is read, completed at the cursor, with the place that was refused
// marked. Enter runs; Shift and Enter begin a line. A textarea lies over the coloured text and lets it shine through.

import { type CSSProperties, type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from "react";
import {
  borderRadiusInput,
  colorBackgroundDropdownItemDefault,
  colorBackgroundDropdownItemHover,
  colorBackgroundInputDefault,
  colorBorderInputDefault,
  colorBorderItemFocused,
  colorChartsGreen700,
  colorChartsPurple700,
  colorTextBodyDefault,
  colorTextBodySecondary,
  colorTextInputPlaceholder,
  colorTextLinkDefault,
  colorTextStatusError,
} from "../app/tokens";
import { type Completion, completionAt, type Option } from "../model/filter/complete";
import { isJoiner, isTextOperator } from "../model/filter/keywords";
import { type FilterSymbol, symbolsOf } from "../model/filter/lex";
import type { Misplaced } from "../model/filter/place";
import type { Vocabulary } from "../model/filter/vocabulary";
import styles from "./expression-input.module.css";
import { ExpressionOptions, optionId } from "./expression-options";

interface Props {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onRun: () => void;
  readonly vocabulary: Vocabulary;
  readonly refused: Misplaced | undefined;
  /** The element that tells why. */
  readonly describedBy: string | undefined;
}

const COLORS = {
  "--surface": colorBackgroundInputDefault,
  "--text": colorTextBodyDefault,
  "--secondary": colorTextBodySecondary,
  "--placeholder": colorTextInputPlaceholder,
  "--border": colorBorderInputDefault,
  "--focus": colorBorderItemFocused,
  "--error": colorTextStatusError,
  "--radius": borderRadiusInput,
  "--dropdown": colorBackgroundDropdownItemDefault,
  "--hover": colorBackgroundDropdownItemHover,
  "--keyword": colorTextLinkDefault,
  "--operator": colorChartsPurple700,
  "--literal": colorChartsGreen700,
} as CSSProperties;

/** What is offered while the list is open, and which of it the keys have come to. */
interface Offer {
  readonly completion: Completion;
  readonly active: number | undefined;
}

export function ExpressionInput({
  label,
  placeholder,
  value,
  onChange,
  onRun,
  vocabulary,
  refused,
  describedBy,
}: Props) {
  const listId = useId();
  const input = useRef<HTMLTextAreaElement>(null);
  const [offer, setOffer] = useState<Offer>();
  /** Where the cursor goes once a chosen option is written. */
  const cursor = useRef<number>(undefined);

  useLayoutEffect(() => {
    if (cursor.current === undefined || !input.current) return;
    input.current.setSelectionRange(cursor.current, cursor.current);
    cursor.current = undefined;
    // Written by us, so the field did not tell: offer what comes next.
    offerAt(value, input.current.selectionStart);
  });

  function offerAt(text: string, at: number): void {
    const completion = completionAt(text, at, vocabulary);
    setOffer(completion.options.length > 0 ? { completion, active: undefined } : undefined);
  }

  function choose({ from, to }: Completion, option: Option): void {
    const rest = value.slice(to);
    const written = rest.startsWith(" ") ? option.insert.trimEnd() : option.insert;
    cursor.current = from + written.length;
    onChange(value.slice(0, from) + written + rest);
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    const handled = keyHandled(event);
    if (handled) event.preventDefault();
  }

  function keyHandled(event: KeyboardEvent<HTMLTextAreaElement>): boolean {
    const at = event.currentTarget.selectionStart;
    const options = offer?.completion.options ?? [];
    const move = (to: number) => offer && setOffer({ ...offer, active: (to + options.length) % options.length });
    switch (event.key) {
      case "ArrowDown":
        // In a filter of several lines the key goes to the next one first.
        if (!offer && value.includes("\n", at)) return false;
        if (offer) move((offer.active ?? -1) + 1);
        else offerAt(value, at);
        return true;
      case "ArrowUp":
        if (!offer) return false;
        move((offer.active ?? options.length) - 1);
        return true;
      case " ":
        if (event.ctrlKey) offerAt(value, at);
        return event.ctrlKey;
      case "Escape":
        if (!offer) return false;
        setOffer(undefined);
        event.stopPropagation();
        return true;
      case "Tab":
        return !event.shiftKey && chooseActive(offer && ends(offer.completion, value) ? 0 : undefined);
      case "Enter":
        if (event.shiftKey || event.nativeEvent.isComposing) return false;
        if (!chooseActive(undefined)) {
          setOffer(undefined);
          onRun();
        }
        return true;
      default:
        return false;
    }
  }

  /** Writes the option that the keys have come to, else the one of this number. */
  function chooseActive(otherwise: number | undefined): boolean {
    const option = offer?.completion.options[offer.active ?? otherwise ?? -1];
    if (!offer || !option) return false;
    choose(offer.completion, option);
    return true;
  }

  return (
    <div className={styles["field"]} style={COLORS}>
      <Backdrop value={value} refused={refused} />
      <textarea
        ref={input}
        className={`${styles["text"]} ${styles["input"]} ${refused ? styles["invalid"] : ""}`}
        rows={1}
        value={value}
        placeholder={placeholder}
        aria-label={label}
        aria-invalid={refused !== undefined}
        aria-describedby={describedBy}
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-controls={offer ? listId : undefined}
        aria-activedescendant={offer?.active === undefined ? undefined : optionId(listId, offer.active)}
        autoCapitalize="off"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => {
          onChange(event.target.value);
          offerAt(event.target.value, event.target.selectionStart);
        }}
        onClick={(event) => offerAt(value, event.currentTarget.selectionStart)}
        onKeyDown={onKeyDown}
        onBlur={() => setOffer(undefined)}
      />
      {offer && (
        <ExpressionOptions
          id={listId}
          label={`Completions of ${label.toLowerCase()}`}
          options={offer.completion.options}
          active={offer.active}
          onChoose={(option) => choose(offer.completion, option)}
        />
      )}
    </div>
  );
}

/** Whether the first option is what somebody has begun to write. */
function ends({ from, to, options }: Completion, value: string): boolean {
  const begun = value.slice(from, to).toLowerCase();
  return begun !== "" && options[0]?.label.toLowerCase().startsWith(begun) === true;
}

/** The same text in colours, below the field. */
function Backdrop({ value, refused }: { value: string; refused: Misplaced | undefined }) {
  const symbols = symbolsOf(value);
  return (
    <div aria-hidden="true" className={`${styles["text"]} ${styles["backdrop"]}`}>
      {symbols.map((symbol, index) => (
        <span key={symbol.start}>
          {value.slice(symbols[index - 1]?.end ?? 0, symbol.start)}
          <span className={classOf(symbol, refused)}>{symbol.text}</span>
        </span>
      ))}
      {value.slice(symbols.at(-1)?.end ?? 0)}
      {refused && refused.start >= value.length && <span className={styles["refused"]}>&nbsp;</span>}
      {/* A line that was only begun counts. */}
      {value.endsWith("\n") && "\u200b"}
    </div>
  );
}

function classOf({ kind, text, start }: FilterSymbol, refused: Misplaced | undefined): string {
  const isRefused = refused && start >= refused.start && start < refused.end ? (styles["refused"] ?? "") : "";
  return `${colorOf(kind, text)} ${isRefused}`;
}

function colorOf(kind: FilterSymbol["kind"], text: string): string {
  switch (kind) {
    case "word":
      return (isJoiner(text) || isTextOperator(text) ? styles["operator"] : styles["keyword"]) ?? "";
    case "compare":
      return styles["operator"] ?? "";
    case "text":
    case "open text":
    case "number":
    case "json":
      return styles["literal"] ?? "";
    case "key":
    case "open key":
      return styles["keyword"] ?? "";
    case "mark":
    case "unknown":
      return text === "!" ? (styles["operator"] ?? "") : "";
  }
}
