// What the report tells beside clients: what the server holds, what was set in vain, daemons elsewhere.

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { now } from "../../app/time";
import { type DaemonTelemetry, type Held, lostBy, type WithoutEffect } from "../../model/doctor";
import { epochSeconds, formatAge, formatBytes, formatCount } from "../../model/units";

export function HeldInMemory({ held }: { held: Held }) {
  return (
    <Container header={<Header variant="h2">Held by the server</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: "Traces", value: formatCount(held.traces) },
          { label: "Documents", value: formatCount(held.documents) },
          { label: "Memory for traces", value: formatBytes(held.memory_bytes) },
          { label: "Cache", value: formatBytes(held.cache_bytes) },
        ]}
      />
    </Container>
  );
}

export function InVain({ settings }: { settings: readonly WithoutEffect[] }) {
  return (
    <Table
      items={settings}
      trackBy={({ of, setting }) => `${of} ${setting}`}
      wrapLines
      ariaLabels={{ tableLabel: "Settings without effect" }}
      header={
        <Header
          variant="h2"
          counter={`(${settings.length})`}
          description="These are kept and given back as they were set, and change nothing here."
        >
          Settings without effect
        </Header>
      }
      columnDefinitions={[
        { id: "of", header: "Where", isRowHeader: true, cell: ({ of }) => of },
        { id: "setting", header: "Setting", cell: ({ setting }) => setting },
        { id: "meaning", header: "What that means", minWidth: 220, cell: ({ meaning }) => meaning },
      ]}
    />
  );
}

export function Daemons({ daemons }: { daemons: readonly DaemonTelemetry[] }) {
  return (
    <Table
      items={daemons}
      trackBy="sender"
      ariaLabels={{ tableLabel: "X-Ray daemons elsewhere" }}
      header={
        <Header
          variant="h2"
          counter={`(${daemons.length})`}
          description="What they told of themselves by PutTelemetryRecords, since the server started."
        >
          X-Ray daemons elsewhere
        </Header>
      }
      columnDefinitions={[
        { id: "sender", header: "Daemon", isRowHeader: true, cell: ({ sender }) => sender },
        {
          id: "health",
          header: "Health",
          cell: ({ totals }) =>
            lostBy(totals) > 0 ? (
              <StatusIndicator type="error">Lost {formatCount(lostBy(totals))} segments</StatusIndicator>
            ) : (
              <StatusIndicator type="success">Lost nothing</StatusIndicator>
            ),
        },
        { id: "received", header: "Received", cell: ({ totals }) => formatCount(totals.received) },
        { id: "sent", header: "Sent on", cell: ({ totals }) => formatCount(totals.sent) },
        { id: "spilled", header: "Spilled over", cell: ({ totals }) => formatCount(totals.spilled_over) },
        { id: "rejected", header: "Rejected", cell: ({ totals }) => formatCount(totals.rejected) },
        { id: "failed", header: "Failed calls", cell: ({ totals }) => formatCount(totals.connection_errors) },
        { id: "latest", header: "Last heard of", cell: ({ totals }) => formatAge(epochSeconds(totals.latest), now()) },
      ]}
    />
  );
}
