// Names and values beside each other, as many as there are.

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import { Fragment, type ReactNode } from "react";

export type Fact = readonly [label: string, value: ReactNode];

export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="facts">
      {facts.map(([label, value]) => (
        <Fragment key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

export function Copyable({ text }: { text: string }) {
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={text}
      copySuccessText="Copied"
      copyErrorText="It could not be copied"
    />
  );
}
