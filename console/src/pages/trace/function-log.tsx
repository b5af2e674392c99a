// What the functions of a trace wrote while they handled it, line by line.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { LogLine } from "../../api/fluoro-api";
import { Empty, Failure, Loading } from "../../components/states";
import type { Analysis } from "../../model/trace/analysis";
import type { TraceId } from "../../model/trace-id";
import { epochSeconds, formatDuration, seconds } from "../../model/units";
import { dateTime } from "./moment";
import { useFunctionLines } from "./queries";
import "./function-log.css";

interface Props {
  id: TraceId;
  analysis: Analysis;
  names: readonly string[];
  live: boolean;
}

/** Lines that are shown before somebody asks for all. */
const AT_FIRST = 500;

export function FunctionLog({ id, analysis, names, live }: Props) {
  const logs = useFunctionLines(id, names, live);
  const [all, setAll] = useState(false);
  if (names.length === 0) {
    return (
      <Empty title="No function took part">
        Lines are shown of functions that run in this server and whose segments are in the trace.
      </Empty>
    );
  }
  const lines = logs
    .flatMap(({ name, query }) => (query.data ?? []).map((line) => ({ ...line, name })))
    .sort((one, other) => one.at - other.at);
  const shown = all ? lines : lines.slice(-AT_FIRST);
  const elsewhere = logs.filter(({ query }) => query.data === null).map(({ name }) => name);
  return (
    <SpaceBetween size="s">
      {logs.map(({ name, query }) =>
        query.isError ? (
          <Failure
            key={name}
            what={`The log of ${name} could not be read`}
            error={query.error}
            retry={() => void query.refetch()}
          />
        ) : null,
      )}
      {elsewhere.length > 0 ? (
        <Alert type="info">
          {elsewhere.join(", ")} did not run in this server, or is not deployed any more, so there are no lines of it
          here.
        </Alert>
      ) : null}
      {lines.length > shown.length ? (
        <Box>
          The last {shown.length} of {lines.length} lines.{" "}
          <Button variant="inline-link" onClick={() => setAll(true)}>
            Show all
          </Button>
        </Box>
      ) : null}
      {logs.some(({ query }) => query.isPending) ? <Loading what="the log" /> : null}
      {lines.length === 0 && logs.every(({ query }) => query.data !== undefined) && elsewhere.length === 0 ? (
        <Empty title="No lines">
          {live
            ? "The function has written nothing yet."
            : "The function wrote nothing, or its lines are no longer kept."}
        </Empty>
      ) : null}
      {shown.length > 0 ? <Lines lines={shown} begin={analysis.trace.begin} named={names.length > 1} /> : null}
    </SpaceBetween>
  );
}

function Lines(props: { lines: readonly (LogLine & { name: string })[]; begin: number; named: boolean }) {
  const { lines, begin, named } = props;
  return (
    <ol className="log-lines" aria-label="Log lines">
      {lines.map((line, at) => (
        // Lines come in order and are only added to; equal ones at one moment are possible.
        <li key={at} className={isFailure(line.text) ? "is-failure" : ""}>
          <time title={`${dateTime(epochSeconds(line.at))}, ${line.stream}`}>
            {line.at < begin ? "−" : "+"}
            {formatDuration(seconds(Math.abs(line.at - begin)))}
          </time>
          {named ? <span className="log-function">{line.name}</span> : null}
          <span className="log-text">{line.text}</span>
        </li>
      ))}
    </ol>
  );
}

/** What runtimes and loggers begin a bad line with. The words stay; the colour only helps to find them. */
function isFailure(text: string): boolean {
  return /\b(ERROR|FATAL|CRITICAL|Traceback|Unhandled|Task timed out)\b/.test(text);
}
