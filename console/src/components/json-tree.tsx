// Any JSON as a tree that is folded and unfolded.

import Button from "@cloudscape-design/components/button";
import { type ReactNode, useState } from "react";
import { LongNumber } from "../model/exact-json";
import "./json-tree.css";

/** Members that are shown of a list or an object before somebody asks for more. */
const AT_FIRST = 100;

interface Props {
  value: unknown;
  /** How deep it is unfolded to begin with. */
  open?: number;
}

export function JsonTree({ value, open = 1 }: Props) {
  const members = membersOf(value);
  return (
    <div className="json-tree">
      {members && members.length > 0 ? <Members members={members} open={open} /> : <Value value={value} open={open} />}
    </div>
  );
}

function Value({ value, open, name }: Props & { open: number; name?: string }) {
  const label = name === undefined ? null : <span className="json-name">{name}: </span>;
  const members = membersOf(value);
  if (!members) {
    return (
      <div className="json-leaf">
        {label}
        <Scalar value={value} />
      </div>
    );
  }
  if (members.length === 0) {
    return (
      <div className="json-leaf">
        {label}
        <span className="json-size">{Array.isArray(value) ? "[ ]" : "{ }"}</span>
      </div>
    );
  }
  return (
    <Branch
      summary={
        <>
          {label}
          <span className="json-size">{sizeOf(value, members.length)}</span>
        </>
      }
      members={members}
      open={open}
    />
  );
}

function Branch({ summary, members, open }: { summary: ReactNode; members: readonly Member[]; open: number }) {
  const [isOpen, setOpen] = useState(open > 0);
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{summary}</summary>
      {isOpen && (
        <div className="json-members">
          <Members members={members} open={open - 1} />
        </div>
      )}
    </details>
  );
}

function Members({ members, open }: { members: readonly Member[]; open: number }) {
  const [shown, setShown] = useState(AT_FIRST);
  return (
    <>
      {members.slice(0, shown).map(([name, value]) => (
        <Value key={name} name={name} value={value} open={open} />
      ))}
      {members.length > shown && (
        <Button variant="inline-link" onClick={() => setShown(shown + 10 * AT_FIRST)}>
          {`Show more of ${members.length - shown}`}
        </Button>
      )}
    </>
  );
}

function Scalar({ value }: { value: unknown }) {
  if (typeof value === "string") return <span className="json-text">{value === "" ? '""' : value}</span>;
  const written = value instanceof LongNumber ? value.digits : String(value);
  return <span className="json-plain">{written}</span>;
}

type Member = readonly [string, unknown];

/** Undefined for what has none: text, numbers, booleans, null. */
function membersOf(value: unknown): readonly Member[] | undefined {
  if (typeof value !== "object" || value === null || value instanceof LongNumber) return undefined;
  return Object.entries(value);
}

function sizeOf(value: unknown, members: number): string {
  const word = Array.isArray(value) ? "item" : "member";
  return `${members} ${word}${members === 1 ? "" : "s"}`;
}
