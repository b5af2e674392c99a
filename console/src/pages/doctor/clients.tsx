// The clients, each with what became of its documents and how to mend it.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { PageLink } from "../../components/page-link";
import { SearchInput } from "../../components/search-input";
import { Empty } from "../../components/states";
import { CLASSES, type Class, type Client, chosen, clientsOf, doorName, type LedgerLine } from "../../model/doctor";
import { formatCount } from "../../model/units";

const route = getRouteApi("/doctor");

const PAGE_SIZE = 25;

export function Clients({ lines }: { lines: readonly LedgerLine[] }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [page, setPage] = useState(1);
  const all = clientsOf(lines);
  const clients = chosen(all, search.class, search.client ?? "");
  const pages = Math.max(1, Math.ceil(clients.length / PAGE_SIZE));
  const shownPage = Math.min(page, pages);
  const choose = (change: { class?: Class | undefined; client?: string | undefined }) => {
    const wanted = Object.entries({ ...search, ...change }).filter(([, value]) => value);
    setPage(1);
    void navigate({ to: "/doctor", search: Object.fromEntries(wanted), replace: true });
  };
  const options = [
    { value: "", label: "Whatever became of it" },
    ...CLASSES.map((of) => ({ value: of, label: NAMES[of] })),
  ];
  return (
    <Table
      items={clients.slice((shownPage - 1) * PAGE_SIZE, shownPage * PAGE_SIZE)}
      trackBy="key"
      wrapLines
      ariaLabels={{ tableLabel: "Clients" }}
      header={
        <Header
          variant="h2"
          counter={clients.length === all.length ? `(${all.length})` : `(${clients.length} of ${all.length})`}
        >
          Clients
        </Header>
      }
      filter={
        <SpaceBetween direction="horizontal" size="xs">
          <SearchInput
            label="Find a client"
            placeholder="Find a client"
            text={search.client ?? ""}
            onText={(client) => choose({ client })}
          />
          <Select
            ariaLabel="What became of documents"
            selectedOption={options.find(({ value }) => value === (search.class ?? "")) ?? null}
            options={options}
            onChange={({ detail }) => choose({ class: CLASSES.find((of) => of === detail.selectedOption.value) })}
            expandToViewport
          />
        </SpaceBetween>
      }
      pagination={
        pages > 1 && (
          <Pagination
            currentPageIndex={shownPage}
            pagesCount={pages}
            onChange={({ detail }) => setPage(detail.currentPageIndex)}
            ariaLabels={{
              nextPageLabel: "Next page",
              previousPageLabel: "Previous page",
              paginationLabel: "Pages of clients",
            }}
          />
        )
      }
      columnDefinitions={[
        {
          id: "client",
          header: "Client",
          isRowHeader: true,
          minWidth: 110,
          cell: (client) => (
            <>
              <Box fontWeight="bold">{client.name}</Box>
              <Box variant="small">{doorName(client.door)}</Box>
            </>
          ),
        },
        { id: "findings", header: "What became of it", minWidth: 180, cell: (client) => <Findings client={client} /> },
        { id: "received", header: "Received", cell: (client) => formatCount(client.counts.received) },
      ]}
      empty={
        all.length === 0 ? (
          <Empty title="Nothing has come in yet">
            <PageLink to="/start">How to send traces</PageLink>
          </Empty>
        ) : (
          <Empty title="No client fits the filter">
            <Button onClick={() => void navigate({ to: "/doctor", search: {} })}>Clear the filter</Button>
          </Empty>
        )
      }
    />
  );
}

function Findings({ client }: { client: Client }) {
  if (client.findings.length === 0) return <StatusIndicator type="success">All kept whole</StatusIndicator>;
  return (
    <SpaceBetween size="xs">
      {client.findings.map((finding) => (
        <div key={`${finding.class} ${finding.cause}`}>
          <StatusIndicator type={SIGNS[finding.class]}>
            {formatCount(finding.count)} {NAMES[finding.class].toLowerCase()}
          </StatusIndicator>
          <Box display="block" padding={{ left: "l" }} fontSize="body-s">
            <Box variant="span" fontSize="body-s" fontWeight="bold">
              {capitalised(finding.cause)}.
            </Box>{" "}
            {finding.mend && `${capitalised(finding.mend)}. `}
            {finding.class === "unsampled" && (
              <PageLink to="/sampling" search={{ view: "decisions", sampled: false }} fontSize="body-s">
                Show the decisions
              </PageLink>
            )}
          </Box>
        </div>
      ))}
    </SpaceBetween>
  );
}

const NAMES: Readonly<Record<Class, string>> = {
  refused: "Refused",
  dropped: "Dropped",
  trimmed: "Trimmed",
  orphaned: "Orphaned",
  unsampled: "Unsampled",
  received: "Received",
};

const SIGNS: Readonly<Record<Class, StatusIndicatorProps.Type>> = {
  refused: "error",
  dropped: "error",
  trimmed: "warning",
  orphaned: "warning",
  unsampled: "stopped",
  received: "success",
};

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
