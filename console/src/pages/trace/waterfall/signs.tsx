// Small signs beside names: what a colour in a bar means, said once more in a form and in words.

import type { ReactNode } from "react";
import { formatDuration, type Seconds } from "../../../model/units";

function Sign({ className, title, children }: { className: string; title: string; children: ReactNode }) {
  return (
    <span className={`waterfall-sign ${className}`} title={title}>
      {children}
    </span>
  );
}

export function ColdStartSign({ took }: { took: Seconds }) {
  return (
    <Sign className="sign-cold-start" title="Cold start: Lambda started an environment for this request">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M8 1v14M2 4.5l12 7M14 4.5l-12 7M6 2.5l2 2 2-2M6 13.5l2-2 2 2" />
      </svg>
      <span className="visually-hidden">Cold start </span>
      {formatDuration(took)}
    </Sign>
  );
}

export function QueueSign({ took }: { took: Seconds }) {
  return (
    <Sign className="sign-queue" title="Waiting: the function did not have the event yet">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M3 1.5h10M3 14.5h10M4.5 1.5c0 4 3 4.5 3 6.5s-3 2.5-3 6.5M11.5 1.5c0 4-3 4.5-3 6.5s3 2.5 3 6.5" />
      </svg>
      <span className="visually-hidden">Waited </span>
      {formatDuration(took)}
    </Sign>
  );
}

export function OpenSign() {
  return (
    <Sign className="sign-open" title="In progress">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.5" strokeDasharray="3 2.5" />
      </svg>
      <span className="visually-hidden">In progress</span>
    </Sign>
  );
}
