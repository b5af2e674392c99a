// Traces: found by a filter within a time, drawn, counted and listed. All of what is asked stands in the URL.

import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { ApiError } from "../../api/operation";
import { useThrottled } from "../../app/throttled";
import { epochSeconds, isLive, now, type TimeSearch, type Window } from "../../app/time";
import { useWindow } from "../../app/window";
import { FilterBar } from "../../components/filter-bar";
import { Empty, Failure } from "../../components/states";
import { TimeRange } from "../../components/time-range";
import { facetsOf } from "../../model/facets";
import { type Bounds, boundsOf, withBounds } from "../../model/filter/clauses";
import { misplacedInFilter, scoped } from "../../model/filter/scope";
import { parseTraceId } from "../../model/trace-id";
import { mergedRows } from "../../model/trace-row";
import { AskedClauses } from "./asked";
import { Charts } from "./charts";
import { FacetPanel } from "./facet-panel";
import { TraceList } from "./list";
import { NoTraces } from "./nothing";
import styles from "./page.module.css";
import type { TracesSearch } from "./search";
import { SearchStatus } from "./status";
import { TakeAway } from "./take-away";
import { useTail } from "./use-tail";
import { useTraces } from "./use-traces";
import { useVocabulary } from "./use-vocabulary";

const route = getRouteApi("/traces");

/** Below this width the facets stand above the list, and would push it far down if they were open. */
const NARROW_PX = 900;

export function TracesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { filter = "", group } = search;
  const time: TimeSearch = search;
  const question = scoped(filter, group);
  const isTailing = search.live === true && isLive(time);

  const { window: held, at, refresh } = useWindow(time, question.expression);
  const found = useTraces(question.expression, held);
  const tail = useTail(question.expression, at, isTailing);
  const window = useMovedOn(held, isTailing);
  const merged = useMemo(() => mergedRows(found.rows, tail.rows), [found.rows, tail.rows]);
  const rows = useMemo(() => merged.filter(({ start }) => start >= window.from), [merged, window.from]);
  // Pages come faster than charts and facets need be drawn.
  const drawn = useThrottled(rows, 250);
  const facets = useMemo(() => facetsOf(drawn), [drawn]);
  const vocabulary = useVocabulary(drawn);

  /** Goes to what is asked now but for these changes; what is undefined is not asked any more. */
  function ask(changes: { [K in keyof TracesSearch]: TracesSearch[K] | undefined }, replace = false): void {
    const next = Object.entries({ ...search, ...changes }).filter(([, value]) => value !== undefined);
    void navigate({ search: Object.fromEntries(next), replace });
  }

  /** The same, for what makes it another list: one that is read from its beginning. */
  function askAnew(changes: { [K in keyof TracesSearch]: TracesSearch[K] | undefined }, replace = false): void {
    ask({ ...changes, page: undefined }, replace);
  }

  function askFilter(asked: string): void {
    const traceId = parseTraceId(asked);
    if (traceId) {
      void navigate({ to: "/traces/$traceId", params: { traceId } });
      return;
    }
    // The same again means: show it anew.
    if (asked === filter) refresh();
    else askAnew({ filter: asked || undefined });
  }

  function askTime(asked: TimeSearch): void {
    askAnew({
      since: undefined,
      from: undefined,
      to: undefined,
      ...asked,
      ...(asked.to === undefined ? {} : { live: undefined }),
    });
  }

  const { error } = found;
  const refused = error instanceof ApiError ? misplacedInFilter(filter, question, error.message) : undefined;
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          actions={
            <TimeRange
              time={time}
              onChange={askTime}
              onRefresh={refresh}
              isRefreshing={found.isStale}
              live={isTailing}
              onLive={(live) =>
                ask({ live: live || undefined, ...(live && !isLive(time) ? { from: undefined, to: undefined } : {}) })
              }
            />
          }
        >
          Traces
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Container>
          <FilterBar
            filter={filter}
            group={group}
            onRun={askFilter}
            onGroup={(name) => askAnew({ group: name })}
            vocabulary={vocabulary}
            refused={refused}
          />
        </Container>
        {error && !refused && <Failure what="The traces could not be read" error={error} retry={refresh} />}
        {!error && tail.trouble && (
          <Failure what="Nothing new is shown; it is tried again by itself" error={tail.trouble} />
        )}
        {!error && (
          <SpaceBetween size="m">
            <Charts
              rows={drawn}
              window={window}
              scale={search.scale ?? "log"}
              onScale={(scale) => ask({ scale: scale === "linear" ? scale : undefined }, true)}
              onResponseTime={(bounds) => askFilter(refinedTime(filter, bounds))}
              onTime={(from, to) => askTime({ from, to })}
            />
            <div className={styles["found"]}>
              <ExpandableSection
                variant="container"
                headerText="Refine"
                headingTagOverride="h2"
                defaultExpanded={globalThis.innerWidth > NARROW_PX}
              >
                <AskedClauses filter={filter} onFilter={askFilter} />
                <FacetPanel facets={facets} total={drawn.length} filter={filter} onFilter={askFilter} />
              </ExpandableSection>
              <TraceList
                rows={drawn}
                isLoading={found.state === "loading"}
                sort={search.sort}
                onSort={(sort) => askAnew({ sort }, true)}
                page={search.page ?? 1}
                onPage={(page) => ask({ page: page > 1 ? page : undefined }, true)}
                actions={<TakeAway rows={rows} expression={question.expression} time={time} window={window} />}
                status={<SearchStatus search={found} isTailing={isTailing} />}
                empty={
                  found.state === "stopped" ? (
                    <Empty title="No trace so far">The search was stopped before it had looked everywhere.</Empty>
                  ) : (
                    <NoTraces
                      isFiltered={question.expression !== ""}
                      onUnfiltered={() => askAnew({ filter: undefined, group: undefined })}
                      onTime={askTime}
                    />
                  )
                }
              />
            </div>
          </SpaceBetween>
        )}
      </SpaceBetween>
    </ContentLayout>
  );
}

/** The bounds that were chosen, and beyond the ends of the chart those that there were. */
function refinedTime(filter: string, bounds: Bounds | undefined): string {
  return withBounds(filter, "responsetime", { ...boundsOf(filter, "responsetime"), ...bounds });
}

const MOVES_MS = 2_000;

/** While something follows, the window ends now; its length stays. Where it has come to it stays until another is held. */
function useMovedOn({ from, to }: Window, isMoving: boolean): Window {
  const [moved, setMoved] = useState({ held: to, to });
  useEffect(() => {
    if (!isMoving) return;
    const timer = setInterval(() => setMoved({ held: to, to: now() }), MOVES_MS);
    return () => clearInterval(timer);
  }, [isMoving, to]);
  const end = moved.held === to ? moved.to : to;
  return useMemo(() => ({ from: epochSeconds(end - (to - from)), to: end }), [from, to, end]);
}
