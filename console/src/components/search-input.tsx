// A box to search in, whose text stands in the URL: what is typed shows at once, and the URL says it a moment later, for
// browsers refuse hundreds of changes in a row.

import Input from "@cloudscape-design/components/input";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useState } from "react";
import { isLeaving } from "../app/leaving";

const SETTLED_MS = 200;

interface Props {
  readonly label: string;
  readonly placeholder: string;
  /** As the URL has it. */
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onEnter?: () => void;
  readonly invalid?: boolean;
}

export function SearchInput({ label, placeholder, text, onText, onEnter, invalid = false }: Props) {
  // What the URL does not say yet.
  const [typed, setTyped] = useState<string>();
  if (typed === text) setTyped(undefined);
  const router = useRouter();
  const settle = useEffectEvent((settled: string) => {
    if (!isLeaving(router)) onText(settled);
  });
  useEffect(() => {
    if (typed === undefined) return;
    const timer = setTimeout(() => settle(typed), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <Input
      type="search"
      value={typed ?? text}
      ariaLabel={label}
      placeholder={placeholder}
      invalid={invalid}
      onChange={({ detail }) => setTyped(detail.value)}
      onKeyDown={({ detail }) => {
        if (detail.key === "Enter") onEnter?.();
      }}
    />
  );
}
