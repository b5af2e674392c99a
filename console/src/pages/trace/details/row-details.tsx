// Everything that is known of one segment or subsegment, in sections that are folded and unfolded.

import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import { useRouter } from "@tanstack/react-router";
import { memo, type ReactNode, useState } from "react";
import { JsonTree } from "../../../components/json-tree";
import { OutcomeSign } from "../../../components/outcome-sign";
import type { Analysis } from "../../../model/trace/analysis";
import { textAt } from "../../../model/trace/documents";
import { exceptionsOf } from "../../../model/trace/exceptions";
import { isFunction, linkedTraces } from "../../../model/trace/request";
import { kindLabel, resourceOf } from "../../../model/trace/row-label";
import type { Row } from "../../../model/trace/trace";
import type { TraceId } from "../../../model/trace-id";
import { FunctionLog } from "../function-log";
import { Annotations } from "./annotations";
import { Exceptions } from "./exceptions";
import { Facts } from "./facts";
import { Links } from "./links";
import { tellOddity } from "./oddity";
import { RawDocument } from "./raw-document";
import { httpFacts, identityFacts, timeFacts } from "./row-facts";
import { Sql } from "./sql";
import "./details.css";

interface Props {
  id: TraceId;
  analysis: Analysis;
  row: Row;
  live: boolean;
  onGoTo: (row: Row) => void;
}

/** Unfolded until somebody folds them; the others the other way round. */
const UNFOLDED: ReadonlySet<string> = new Set([
  "Exceptions",
  "SQL",
  "HTTP",
  "Annotations",
  "Linked traces",
  "Metadata",
]);

export const RowDetails = memo(function RowDetails(props: Props) {
  const { id, row } = props;
  const router = useRouter();
  // What is unfolded stays so when another row is selected.
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const { href } = router.buildLocation({ to: "/traces/$traceId", params: { traceId: id }, search: { row: row.key } });
  const turn = (title: string) => {
    const next = new Set(turned);
    if (!next.delete(title)) next.add(title);
    setTurned(next);
  };
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={[kindLabel(row), resourceOf(row)].filter(Boolean).join(" ") || "Subsegment"}
          actions={
            <CopyToClipboard
              variant="icon"
              copyButtonAriaLabel="Copy a link to this row"
              textToCopy={new URL(href, window.location.href).href}
              copySuccessText="Link copied"
              copyErrorText="The link could not be copied"
            />
          }
        >
          <span className="details-name">
            {row.outcome === "ok" ? null : <OutcomeSign outcome={row.outcome} />} {row.entity.name}
          </span>
        </Header>
      }
    >
      <Notes row={row} />
      <Facts facts={timeFacts(props.analysis, row)} />
      {sectionsOf(props).map(({ title, count, content }) => {
        const expanded = UNFOLDED.has(title) !== turned.has(title);
        return (
          <ExpandableSection
            key={title}
            headerText={count === undefined ? title : `${title} (${count})`}
            headingTagOverride="h3"
            expanded={expanded}
            onChange={() => turn(title)}
          >
            {expanded ? content() : null}
          </ExpandableSection>
        );
      })}
    </Container>
  );
});

function Notes({ row }: { row: Row }) {
  const reason = textAt(row.entity.metadata, "fluoro", "reason");
  return (
    <div className="details-notes">
      {reason === undefined ? null : (
        <Alert type="error" header="Why it failed">
          {reason}
        </Alert>
      )}
      {row.oddities.map((oddity) => (
        <Alert key={oddity.kind} type="warning">
          {tellOddity(oddity)}
        </Alert>
      ))}
    </div>
  );
}

interface Section {
  readonly title: string;
  readonly count?: number;
  /** Made only when it is unfolded. */
  readonly content: () => ReactNode;
}

/** What there is to tell of this row, what explains a failure first. */
function sectionsOf({ id, analysis, row, live, onGoTo }: Props): readonly Section[] {
  const { entity } = row;
  const { annotations, aws, cause, metadata, service, sql } = entity;
  const { rows } = analysis.trace;
  const sections: Section[] = [];
  if (cause !== undefined) {
    const thrown = exceptionsOf(rows, row);
    sections.push({ title: "Exceptions", content: () => <Exceptions thrown={thrown} onGoTo={onGoTo} /> });
  }
  if (sql) sections.push({ title: "SQL", content: () => <Sql sql={sql} /> });
  const http = httpFacts(row);
  if (http.length > 0) sections.push({ title: "HTTP", content: () => <Facts facts={http} /> });
  const annotated = Object.keys(annotations ?? {}).length;
  if (annotations && annotated > 0) {
    sections.push({
      title: "Annotations",
      count: annotated,
      content: () => <Annotations annotations={annotations} />,
    });
  }
  const links = linkedTraces([row]);
  if (links.length > 0) {
    sections.push({ title: "Linked traces", count: links.length, content: () => <Links links={links} /> });
  }
  if (metadata) sections.push({ title: "Metadata", content: () => <JsonTree value={metadata} open={1} /> });
  if (isFunction(row)) {
    const names = [entity.name];
    sections.push({
      title: "Logs",
      content: () => <FunctionLog id={id} analysis={analysis} names={names} live={live} />,
    });
  }
  if (aws || service) {
    const resources = { ...(aws && { aws }), ...(service && { service }) };
    sections.push({ title: "Resources", content: () => <JsonTree value={resources} open={2} /> });
  }
  sections.push({ title: "Identity", content: () => <Facts facts={identityFacts(analysis.trace, row, onGoTo)} /> });
  sections.push({ title: "Raw document", content: () => <RawDocument entity={entity} /> });
  return sections;
}
