//! Rollups: the graph of each minute, made once and kept, so that graphs of hours and time series cost little.
//!
//! A rollup is the graph of what arrived in one minute, of all traces or of a group's. It is made from projections when
//! somebody asks and kept until a trace that contributes to it changes, or until memory is wanted elsewhere; nothing is
//! lost with it. A window is whole minutes from rollups and its ragged ends from projections: the same graph, to the
//! bin, as [`service_graph`](crate::service_graph) makes of the projections alone.
//!
//! Traces that were let go for want of room stay counted in minutes that were made before.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_store::rollups::RolledUp;
use fluoro_store::scan::{Finding, Scan, ScanError, weight};
use fluoro_trace::Projection;

use crate::arrival_candidates;
use crate::graph::{Builder, Graph, Tally};
use crate::groups::{Group, GroupId, Joined};

mod cache;
mod plan;
mod rest;
#[cfg(test)]
mod tests;

pub use cache::Rollups;
use cache::Slot;
use plan::Plan;

/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

/// Minutes that are kept merged, too.
const TEN: i64 = 10;

/// So many minutes are made at once at most: their graphs are in memory together.
const RUN: i64 = 30;

/// Which traces a graph is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Traces {
    /// All.
    All,
    /// The members of a group.
    Of(GroupId),
}

/// Who is a member of which group.
pub trait Members: Send + Sync + fmt::Debug {
    /// How the trace became a member of the group, when a document of it came in; `None` when it is none. What this says
    /// of a trace changes only before the rollups are told of the trace.
    fn joined(&self, group: GroupId, trace: TraceId) -> Option<Joined>;

    /// By what memberships of the group are kept at rest; `None` when they are not.
    fn key(&self, _group: GroupId) -> Option<Box<str>> {
        None
    }
}

/// Graphs of windows and of minutes.
#[derive(Debug, Clone)]
pub struct Graphs {
    scan: Arc<dyn Scan>,
    rollups: Arc<Rollups>,
}

/// Graphs of minutes, or of ten minutes, each with its number since the epoch.
type Numbered = Vec<(i64, Arc<Graph>)>;

// === impl Traces ===

impl Traces {
    /// Those of a group.
    #[must_use]
    pub fn of(group: &Group) -> Self {
        match group.is_default() {
            true => Self::All,
            false => Self::Of(group.id),
        }
    }
}

// === impl Graphs ===

impl Graphs {
    /// Graphs of what the scan finds. The rollups must be told of every projection that the scan can find.
    #[must_use]
    pub fn new(scan: Arc<dyn Scan>, rollups: Arc<Rollups>) -> Self {
        Self { scan, rollups }
    }

    /// The graph of what arrived within the window.
    ///
    /// # Errors
    ///
    /// When projections cannot be read; so for all below.
    pub async fn window(
        &self,
        traces: Traces,
        window: Range<TimestampMicros>,
    ) -> Result<Graph, ScanError> {
        self.scan.settle().await?;
        let plan = Plan::of(&window);
        let mut graph = Graph::default();
        for ragged in plan.ragged {
            graph.merge(&*self.ragged(traces, ragged).await?);
        }
        for tens in self.tens(traces, plan.tens).await? {
            graph.merge(&tens);
        }
        for minutes in plan.minutes {
            for (_, minute) in self.made(traces, minutes).await? {
                graph.merge(&minute);
            }
        }
        Ok(graph.as_of(window.end))
    }

    /// The graphs of those of the minutes in which anything arrived, in order. A minute is told by its number since the
    /// epoch.
    ///
    /// # Errors
    ///
    /// When projections cannot be read.
    pub async fn minutes(
        &self,
        traces: Traces,
        minutes: Range<i64>,
    ) -> Result<Vec<(i64, Arc<Graph>)>, ScanError> {
        self.scan.settle().await?;
        let mut made = self.made(traces, minutes).await?;
        made.retain(|(_, graph)| !graph.is_empty());
        Ok(made)
    }

    /// A part of one minute: from its rollup, if all that arrived in the minute did so in this part.
    async fn ragged(
        &self,
        traces: Traces,
        part: Range<TimestampMicros>,
    ) -> Result<Arc<Graph>, ScanError> {
        let minute = part.start.floor_minute();
        let begins_it = part.start == minute_range(minute).start;
        let rollup = match self.rollups.get(traces, Slot::Minute(minute)) {
            // The present minute is asked for from its beginning.
            None if begins_it => self.made(traces, minute..minute + 1).await?.pop(),
            kept => kept.map(|graph| (minute, graph)),
        };
        match rollup {
            Some((_, rollup)) if rollup.lies_in(&part) => Ok(rollup),
            _ => {
                let parts = vec![part];
                let mut made = self.make(traces, parts).await?;
                Ok(Arc::new(made.pop().unwrap_or_default()))
            }
        }
    }

    /// The graphs of all of these ten minutes, in no order.
    async fn tens(&self, traces: Traces, tens: Range<i64>) -> Result<Vec<Arc<Graph>>, ScanError> {
        let (kept, missing) = self.kept(traces, tens, Slot::TenMinutes);
        let mut tens: Vec<Arc<Graph>> = kept.into_iter().map(|(_, graph)| graph).collect();
        for run in missing {
            let claim = |number| self.rollups.claim(traces, Slot::TenMinutes(number));
            let claims: Vec<_> = run.clone().map(claim).collect();
            let minutes = self.made(traces, run.start * TEN..run.end * TEN).await?;
            let mut minutes = minutes.into_iter().peekable();
            for (number, claim) in run.zip(claims) {
                let mut merged = Graph::default();
                while let Some((_, minute)) =
                    minutes.next_if(|(minute, _)| minute.div_euclid(TEN) == number)
                {
                    merged.merge(&minute);
                }
                let merged = Arc::new(merged);
                self.rollups.keep(claim, &merged);
                tens.push(merged);
            }
        }
        Ok(tens)
    }

    /// Those of the graphs that are kept, and the runs of those that are not.
    fn kept(
        &self,
        traces: Traces,
        numbers: Range<i64>,
        slot: impl Fn(i64) -> Slot,
    ) -> (Numbered, Vec<Range<i64>>) {
        let mut graphs = Vec::new();
        let mut missing: Vec<Range<i64>> = Vec::new();
        for number in numbers {
            match (self.rollups.get(traces, slot(number)), missing.last_mut()) {
                (Some(graph), _) => graphs.push((number, graph)),
                (None, Some(run)) if run.end == number && run.end - run.start < RUN => run.end += 1,
                (None, _) => missing.push(number..number + 1),
            }
        }
        (graphs, missing)
    }

    /// The graphs of all of the minutes, kept or made.
    async fn made(&self, traces: Traces, minutes: Range<i64>) -> Result<Numbered, ScanError> {
        let (mut graphs, missing) = self.kept(traces, minutes, Slot::Minute);
        for run in missing {
            let claims: Vec<_> = run
                .clone()
                .map(|minute| self.rollups.claim(traces, Slot::Minute(minute)))
                .collect();
            // What was told before the claims is readable from here on; what is told later voids them.
            self.scan.settle().await?;
            let made = self.make_minutes(traces, run.clone()).await?;
            for ((minute, graph), claim) in run.zip(made).zip(claims) {
                let graph = Arc::new(graph);
                self.rollups.keep(claim, &graph);
                graphs.push((minute, graph));
            }
        }
        graphs.sort_by_key(|(minute, _)| *minute);
        Ok(graphs)
    }

    /// The graphs of these minutes: of parts that are at rest and of what these do not have, else from projections.
    async fn make_minutes(
        &self,
        traces: Traces,
        minutes: Range<i64>,
    ) -> Result<Vec<Graph>, ScanError> {
        let all = || minutes.clone().map(minute_range).collect();
        let Some(key) = self.rollups.key(traces) else {
            return self.make(traces, all()).await;
        };
        let Some(known) = self.scan.minutes(&key, minutes.clone()).await? else {
            return self.make(traces, all()).await;
        };
        let RolledUp {
            parts,
            mut void,
            projections,
            mut counted,
        } = known;
        let told: Vec<i64> = minutes
            .clone()
            .filter(|minute| !void.contains(minute))
            .collect();
        let ranges: Vec<_> = told.iter().copied().map(minute_range).collect();
        let mut held = projections.share();
        let of_rest = self.direct(traces, ranges, projections).await?;
        let mut merging = Merging::new(told, of_rest);
        let parts_bytes: usize = parts.iter().map(|(_, part)| part.len()).sum();
        held.set(merging.weight() + parts_bytes)?;
        merging = blocking(move || merging.merge(&parts)).await?;
        held.set(merging.weight())?;
        while let Some(batch) = counted.next().await? {
            let stretches = batch.void.iter();
            let stretches = stretches.map(|(first, last)| *first..last.saturating_add(1));
            void.extend(stretches.flat_map(|stretch| cut(&stretch, &minutes)));
            let key = key.clone();
            merging = blocking(move || {
                for (projection, groups) in &batch.traces {
                    let joined = match traces {
                        Traces::All => Some(Joined::ALWAYS),
                        Traces::Of(_) => groups.iter().find(|of| of.group == key).map(rest::joined),
                    };
                    if let Some(joined) = joined {
                        merging.take_away(projection, joined);
                    }
                }
                merging
            })
            .await?;
        }
        // Its turn is for who makes those that are void.
        drop(counted);
        let given_up: Vec<i64> = minutes.clone().filter(|at| void.contains(at)).collect();
        let Some(mut made) = blocking(move || merging.finish(&void)).await? else {
            return self.make(traces, all()).await;
        };
        for run in given_up.chunk_by(|one, next| one + 1 == *next) {
            let parts = run.iter().copied().map(minute_range).collect();
            let again = self.make(traces, parts).await?;
            made.extend(run.iter().copied().zip(again));
        }
        Ok(made.into_values().collect())
    }

    /// The graphs of these parts, which lie side by side, from projections.
    async fn make(
        &self,
        traces: Traces,
        parts: Vec<Range<TimestampMicros>>,
    ) -> Result<Vec<Graph>, ScanError> {
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            return Ok(Vec::new());
        };
        let candidates = arrival_candidates(first.start..last.end);
        let projections = self.scan.open(&candidates).await?;
        self.direct(traces, parts, projections).await
    }

    /// The graphs of these parts, from all projections that contribute to them, of which only some are held at a time.
    async fn direct(
        &self,
        traces: Traces,
        parts: Vec<Range<TimestampMicros>>,
        mut projections: Finding<'_>,
    ) -> Result<Vec<Graph>, ScanError> {
        let mut held = projections.share();
        let (mut direct, mut weighs) = (Direct::new(parts), 0);
        while let Some(batch) = projections.next().await? {
            let linked = self.linked(traces, &direct.parts, &batch.projections);
            let linked = linked.await?;
            let made: usize = linked.values().map(|linked| weight(linked)).sum();
            held.set(weighs + made)?;
            let rollups = Arc::clone(&self.rollups);
            (direct, weighs) = blocking(move || {
                let joined = |trace| rollups.joined(traces, trace);
                direct.add(&batch.projections, &linked, joined);
                let weighs = direct.weight();
                (direct, weighs)
            })
            .await?;
            held.set(weighs)?;
        }
        blocking(move || direct.finish()).await
    }

    /// The traces to which these link. A change of one of them voids what is kept of the parts, too.
    async fn linked(
        &self,
        traces: Traces,
        parts: &[Range<TimestampMicros>],
        projections: &[Arc<Projection>],
    ) -> Result<HashMap<TraceId, Arc<Projection>>, ScanError> {
        let links = projections.iter().flat_map(|projection| &projection.links);
        let others: HashSet<TraceId> = links.map(|link| link.trace_id).collect();
        let mut linked = HashMap::with_capacity(others.len());
        if others.is_empty() {
            return Ok(linked);
        }
        let minutes = parts.iter().map(|part| part.start.floor_minute());
        self.rollups
            .depend(traces, &minutes.collect::<Vec<_>>(), &others);
        self.scan.settle().await?;
        for other in others {
            if self.rollups.joined(traces, other).is_some()
                && let Some(projection) = self.scan.by_id(other).await?
            {
                linked.insert(other, projection);
            }
        }
        Ok(linked)
    }
}

/// Work beside the threads that serve requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ScanError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| ScanError::Closed)
}

/// The minutes that are in both.
fn cut(one: &Range<i64>, other: &Range<i64>) -> Range<i64> {
    one.start.max(other.start)..one.end.min(other.end)
}

/// The graphs of what arrived in each of some parts, in the making.
struct Direct {
    /// In order, and they do not overlap.
    parts: Vec<Range<TimestampMicros>>,
    builders: Vec<Builder>,
}

/// Graphs of minutes to which parts at rest are added, in the making.
struct Merging {
    graphs: BTreeMap<i64, Graph>,
    tallies: BTreeMap<i64, Tally>,
    /// Whether all parts could be understood.
    is_sound: bool,
}

// === impl Direct ===

impl Direct {
    fn new(parts: Vec<Range<TimestampMicros>>) -> Self {
        let builders = parts.iter().map(|_| Builder::default()).collect();
        Self { parts, builders }
    }

    fn add(
        &mut self,
        projections: &[Arc<Projection>],
        linked: &HashMap<TraceId, Arc<Projection>>,
        joined: impl Fn(TraceId) -> Option<Joined>,
    ) {
        let Self { parts, builders } = self;
        for projection in projections {
            let Some(joined) = joined(projection.id) else {
                continue;
            };
            let first = projection.first_received.max(joined.at);
            let last = projection.last_received.max(joined.at);
            let from = parts.partition_point(|part| part.end <= first);
            let up_to = parts.partition_point(|part| part.start <= last);
            for number in from..up_to.max(from) {
                let is_meant = |at| parts[number].contains(&at);
                builders[number].add(projection, joined, is_meant);
                let other = |trace| linked.get(&trace).cloned();
                builders[number].add_links(projection, joined, other, is_meant);
            }
        }
    }

    /// The memory that they take, in bytes, roughly.
    fn weight(&self) -> usize {
        self.builders.iter().map(Builder::weight).sum()
    }

    fn finish(self) -> Vec<Graph> {
        let ends = self.parts.iter().map(|part| part.end);
        let builders = self.builders.into_iter().zip(ends);
        builders.map(|(builder, end)| builder.finish(end)).collect()
    }
}

// === impl Merging ===

impl Merging {
    fn new(minutes: Vec<i64>, graphs: Vec<Graph>) -> Self {
        Self {
            graphs: minutes.into_iter().zip(graphs).collect(),
            tallies: BTreeMap::new(),
            is_sound: true,
        }
    }

    /// Adds what parts tell.
    fn merge(mut self, parts: &[(i64, Bytes)]) -> Self {
        for (minute, part) in parts {
            let tally = self.tallies.entry(*minute).or_default();
            self.is_sound &= tally.merge_bytes(part).is_some();
        }
        self
    }

    /// Takes away what is counted in parts and is not so any more.
    fn take_away(&mut self, projection: &Projection, joined: Joined) {
        for minute in self.graphs.keys() {
            let range = minute_range(*minute);
            let is_meant = |at| range.contains(&at);
            let tally = self.tallies.entry(*minute).or_default();
            tally.add(projection, joined, -1, range.end, is_meant);
        }
    }

    /// The memory that graphs and tallies take, in bytes, roughly.
    fn weight(&self) -> usize {
        let graphs: usize = self.graphs.values().map(Graph::weight).sum();
        graphs + self.tallies.values().map(Tally::weight).sum::<usize>()
    }

    /// The graphs of those minutes that are not void; `None` when what is counted cannot be understood.
    fn finish(mut self, void: &BTreeSet<i64>) -> Option<BTreeMap<i64, Graph>> {
        if !self.is_sound {
            return None;
        }
        self.graphs.retain(|minute, _| !void.contains(minute));
        for (minute, graph) in &mut self.graphs {
            let tally = self.tallies.remove(minute).unwrap_or_default();
            graph.merge(&tally.graph()?);
            graph.settle();
        }
        Some(self.graphs)
    }
}

fn minute_range(minute: i64) -> Range<TimestampMicros> {
    let at = |minute: i64| TimestampMicros(minute.saturating_mul(MINUTE));
    at(minute)..at(minute.saturating_add(1))
}
