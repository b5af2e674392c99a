// The head of a panel: what it is about, however long that is, and the way to close it.

import "./panel-header.css";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import type { ReactNode } from "react";

interface Props {
  readonly children: string;
  readonly description?: ReactNode;
  readonly onClose: () => void;
}

export function PanelHeader({ children, description, onClose }: Props) {
  return (
    <div className="panel-header">
      <Header variant="h2" description={description}>
        <span className="panel-header-title">{children}</span>
      </Header>
      <Button variant="icon" iconName="close" ariaLabel="Close" onClick={onClose} />
    </div>
  );
}
