// One trace: `/traces/$traceId`.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Tabs from "@cloudscape-design/components/tabs";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { XRayTrace } from "../../api/aws";
import type { TraceState } from "../../api/fluoro-api";
import { titleOf } from "../../app/navigation";
import { useNow } from "../../app/window";
import { PageLink } from "../../components/page-link";
import { Empty, Failure, Loading } from "../../components/states";
import { useTraceDocuments, useTraceState } from "../../components/use-trace";
import { type GraphSelection, selecting, selectionOf } from "../../model/graph";
import { type Analysis, analyse, type Documents, readDocuments } from "../../model/trace/analysis";
import { functionsOf, requestOf } from "../../model/trace/request";
import { type Collapsed, NONE_COLLAPSED } from "../../model/trace/row-tree";
import { parseTraceId, type TraceId } from "../../model/trace-id";
import type { EpochSeconds } from "../../model/units";
import { FunctionLog } from "./function-log";
import { SamplingDecisions } from "./sampling-decisions";
import { useTraceSearch, type View } from "./search";
import { Timeline } from "./timeline";
import { Crumbs, TraceHeader } from "./trace-header";
import { TraceMap } from "./trace-map";

const route = getRouteApi("/traces/$traceId");

export function TracePage() {
  const { traceId } = route.useParams();
  const id = parseTraceId(traceId);
  return <div className="trace-page">{id ? <TraceById key={id} id={id} /> : <NoTraceId text={traceId} />}</div>;
}

function TraceById({ id }: { id: TraceId }) {
  const state = useTraceState(id);
  const documents = useTraceDocuments(id, state.data);
  const failed = state.isError ? state : documents.isError ? documents : undefined;
  if (documents.data && (documents.data.Segments ?? []).length > 0) {
    return <TraceFound id={id} state={state.data} trace={documents.data} />;
  }
  return (
    <SpaceBetween size="m">
      <Crumbs id={id} />
      <Header variant="h1">Trace</Header>
      {failed ? (
        <Failure what={`Trace ${id} could not be read`} error={failed.error} retry={() => void failed.refetch()} />
      ) : state.data && documents.data !== undefined ? (
        <NothingYet id={id} state={state.data} />
      ) : (
        <Loading what="the trace" />
      )}
    </SpaceBetween>
  );
}

/** A trace that is silent for longer does not go on in the drawing: it may never end. */
const SILENT_SECONDS = 600;

function TraceFound({ id, state, trace }: { id: TraceId; state: TraceState | undefined; trace: XRayTrace }) {
  const { search, change } = useTraceSearch();
  const documents = useMemo(() => readDocuments((trace.Segments ?? []).map((segment) => segment.Document)), [trace]);
  const live = state !== undefined && !state.complete;
  const analysis = useAnalysis(documents, live);
  const [collapsed, setCollapsed] = useState<Collapsed>(NONE_COLLAPSED);
  const view = search.view ?? "timeline";
  const setView = useCallback((to: View) => change({ view: to === "timeline" ? undefined : to }), [change]);
  const onSelect = useCallback((to: GraphSelection | undefined) => change(selecting(to)), [change]);
  useTitle(analysis);
  const names = useMemo(() => functionsOf(analysis.trace.rows), [analysis]);
  return (
    <SpaceBetween size="m">
      <TraceHeader id={id} trace={trace} analysis={analysis} state={state} onView={setView} />
      {trace.LimitExceeded ? (
        <Alert type="warning" header="This trace was cut off">
          It is larger than the server takes of one trace (setting <code>limits.trace_size</code>); further documents
          were refused.
        </Alert>
      ) : null}
      {documents.unreadable > 0 ? (
        <Alert type="warning">{documents.unreadable} of its documents are no segments and are not shown.</Alert>
      ) : null}
      <Tabs
        ariaLabel="Views of the trace"
        activeTabId={view}
        onChange={({ detail }) => setView(detail.activeTabId as View)}
        tabs={[
          {
            id: "timeline",
            label: "Timeline",
            content: (
              <Timeline
                id={id}
                analysis={analysis}
                live={live}
                search={search}
                change={change}
                collapsed={collapsed}
                onCollapse={setCollapsed}
              />
            ),
          },
          {
            id: "map",
            label: "Map",
            content: (
              <TraceMap
                id={id}
                state={state}
                rows={analysis.trace.rows}
                selection={selectionOf(search)}
                onSelect={onSelect}
                onRow={(row) => change({ view: undefined, row: row.key })}
              />
            ),
          },
          {
            id: "logs",
            label: "Logs",
            content: (
              <Container>
                <FunctionLog id={id} analysis={analysis} names={names} live={live} />
              </Container>
            ),
          },
          {
            id: "sampling",
            label: "Sampling",
            content: (
              <Container>
                <SamplingDecisions id={id} trace={analysis.trace} />
              </Container>
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}

/** What the documents mean; while work goes on in them, up to now. */
function useAnalysis({ entities }: Documents, live: boolean): Analysis {
  const known = useMemo(() => analyse(entities), [entities]);
  const { trace } = known;
  const open = live && trace.rows.some((row) => row.open);
  const now = useNow(1, open);
  const end = trace.begin + trace.duration;
  const until = open && now > end && now - end < SILENT_SECONDS ? now : undefined;
  return useMemo(
    () => (until === undefined ? known : analyse(entities, until as EpochSeconds)),
    [entities, known, until],
  );
}

function useTitle({ trace }: Analysis): void {
  const { method, url, status } = requestOf(trace);
  const title = [method, url, status].filter(Boolean).join(" ") || trace.root?.entity.name || "Trace";
  const router = useRouter();
  useEffect(() => {
    document.title = `${title} · Traces · Fluoro`;
    return () => {
      // The frame may have named the next page by now.
      document.title = titleOf(router.latestLocation.pathname);
    };
  }, [title, router]);
}

/** Known to the server or not, there is no segment to show; the page waits for one. */
function NothingYet({ id, state }: { id: TraceId; state: TraceState }) {
  return (
    <Container>
      <Empty title={state.found ? "No segment of this trace has come yet" : `There is no trace ${id}`}>
        <SpaceBetween size="s">
          {state.found ? (
            <ul className="open-work">
              {state.open.map((work) => (
                <li key={work}>{work}</li>
              ))}
            </ul>
          ) : (
            <Box>
              Nothing of it has been received, or it was deleted with what is too old. The{" "}
              <PageLink to="/doctor">doctor</PageLink> says what was not kept and why,{" "}
              <PageLink to="/traces">Traces</PageLink> lists what there is.
            </Box>
          )}
          <Box color="text-status-inactive">
            <Spinner /> It is shown here as soon as something comes.
          </Box>
        </SpaceBetween>
      </Empty>
    </Container>
  );
}

function NoTraceId({ text }: { text: string }) {
  return (
    <SpaceBetween size="m">
      <Crumbs id={text} />
      <Header variant="h1">Trace</Header>
      <Alert type="error" header="This is no trace id">
        <Box variant="p">
          <code>{text}</code> is not of the form <code>1-67891233-abcdef012345678912345678</code> (or the same 32 digits
          in one run). Look for the trace among <PageLink to="/traces">Traces</PageLink>.
        </Box>
      </Alert>
    </SpaceBetween>
  );
}
