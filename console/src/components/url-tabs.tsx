// Tabs that stand in the URL.

import Tabs, { type TabsProps } from "@cloudscape-design/components/tabs";
import type { ReactNode } from "react";

export interface UrlTab<Id extends string> {
  readonly id: Id;
  readonly label: string;
  readonly content: ReactNode;
}

export function UrlTabs<Id extends string>({
  tabs,
  active,
  onChange,
  label,
}: {
  tabs: readonly UrlTab<Id>[];
  active: Id;
  onChange: (id: Id) => void;
  label: string;
}) {
  const change: TabsProps["onChange"] = ({ detail }) => {
    const tab = tabs.find((one) => one.id === detail.activeTabId);
    if (tab) onChange(tab.id);
  };
  return <Tabs ariaLabel={label} tabs={tabs} activeTabId={active} onChange={change} />;
}
