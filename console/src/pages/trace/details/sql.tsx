// The query of a subsegment that asked a database.

import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Code } from "./code";
import { type Fact, Facts } from "./facts";

const LABELS: Readonly<Record<string, string>> = {
  url: "URL",
  connection_string: "Connection string",
  database_type: "Database",
  database_version: "Version",
  driver_version: "Driver",
  user: "User",
  preparation: "Preparation",
};

export function Sql({ sql }: { sql: Readonly<Record<string, string>> }) {
  const { sanitized_query, ...rest } = sql;
  const facts = Object.entries(rest).map(([key, value]): Fact => [LABELS[key] ?? key, value]);
  return (
    <SpaceBetween size="m">
      {sanitized_query === undefined ? (
        <Box color="text-body-secondary">The client did not send the query itself.</Box>
      ) : (
        <Code text={sanitized_query} what="query" />
      )}
      {facts.length > 0 ? <Facts facts={facts} /> : null}
    </SpaceBetween>
  );
}
