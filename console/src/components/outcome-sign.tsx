// The sign of an outcome: a form and a colour, since not everybody tells the colours apart, and a word for those who
// see neither.

import type { ReactElement } from "react";
import { OUTCOME_WORDS, type Outcome } from "../model/outcome";
import "./outcome-sign.css";

export { OUTCOME_WORDS };

const FORMS: Readonly<Record<Outcome, ReactElement>> = {
  ok: (
    <>
      <circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M5 8.2 7.2 10.4 11 6" fill="none" stroke="currentColor" strokeWidth="1.5" />
    </>
  ),
  error: (
    <>
      <path d="M8 1.8 15 14.2H1Z" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" />
      <path d="M8 6v4.2M8 11.4v1.4" stroke="currentColor" strokeWidth="1.6" />
    </>
  ),
  throttle: (
    <>
      <rect x="1.5" y="1.5" width="13" height="13" rx="2" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M6 5v6M10 5v6" stroke="currentColor" strokeWidth="1.8" />
    </>
  ),
  fault: (
    <>
      <path d="M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2Z" fill="currentColor" />
      <path className="outcome-cross" d="m5.5 5.5 5 5m0-5-5 5" stroke="Canvas" strokeWidth="1.8" />
    </>
  ),
};

/** `silent` where the word stands beside it anyway. */
export function OutcomeSign({ outcome, silent = false }: { outcome: Outcome; silent?: boolean }) {
  return (
    <span className={`outcome-${outcome}`}>
      <svg className="outcome-sign" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
        {FORMS[outcome]}
      </svg>
      {silent ? null : <span className="visually-hidden">{OUTCOME_WORDS[outcome]}</span>}
    </span>
  );
}
