//! All that is held, read bit by bit: for those who look through everything, and not for a page of it.
//!
//! A [`Snapshot`] fixes which traces there are, hot and at rest; every document that was acknowledged before it was taken is in
//! what is read. A [`Cursor`] goes through them and reads a bounded number at a time, each trace once, as it is then: what comes in
//! meanwhile may be in it. A trace that is let go meanwhile may be missing.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use fluoro_block::traces::{GroupTimes, Parts, TraceRow};
use fluoro_model::document::Document;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::{Projection, Received};

use super::cold::TRACES_A_TURN;
use super::index::{HeldTrace, Rest};
use super::{HotTraces, ScanError};
use crate::archive::{ArchiveError, Live, Slice};
use crate::documents::STORED;

/// Which traces there were at some moment.
#[derive(Debug)]
pub struct Snapshot {
    store: Arc<HotTraces>,
    /// By their ids.
    hot: Vec<HeldTrace>,
    live: Arc<Live>,
}

/// Which traces are asked for. A cursor may find others, too, and misses none of these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those that began then; `None` for all, also those without a start.
    pub start: Option<RangeInclusive<TimestampMicros>>,
    /// Those that came in then, at least in part; `None` for all.
    pub received: Option<RangeInclusive<TimestampMicros>>,
    /// Only these; `None` for all.
    pub traces: Option<BTreeSet<TraceId>>,
}

/// Goes through the traces of a snapshot: hot ones, then the newest at rest.
#[derive(Debug)]
pub struct Cursor {
    snapshot: Arc<Snapshot>,
    wanted: Arc<Wanted>,
    turns: std::vec::IntoIter<Turn>,
    /// Found at rest and not read yet.
    at_rest: Vec<TraceId>,
}

/// How much of documents is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// All but metadata.
    Facts,
    /// All of it.
    Whole,
}

/// The documents of a trace.
pub type TraceDocuments = (TraceId, Vec<Received>);

/// What is read at a time.
#[derive(Debug)]
enum Turn {
    /// Traces that were hot.
    Hot(Vec<TraceId>),
    /// Some rows at rest.
    AtRest(Slice),
    /// Traces that were not hot and may be at rest.
    Named(Vec<TraceId>),
}

impl HotTraces {
    /// Which traces there are now.
    ///
    /// # Errors
    ///
    /// When documents cannot be read.
    pub async fn snapshot(self: &Arc<Self>) -> Result<Arc<Snapshot>, ScanError> {
        self.refresh_all().await?;
        let hot = self.index.lock().held();
        // Only now: what went to rest before is there.
        let live = self.archive.live();
        let store = Arc::clone(self);
        Ok(Arc::new(Snapshot { store, hot, live }))
    }

    /// Rows of traces that are hot, or were a moment ago.
    async fn hot_rows(
        self: &Arc<Self>,
        traces: Vec<TraceId>,
        parts: Parts,
    ) -> Result<Vec<TraceRow>, ScanError> {
        let projections = self.hot_projections(&traces).await?;
        let store = Arc::clone(self);
        let rows = self.searching(move || {
            let mut rows = Vec::with_capacity(traces.len());
            let mut gone: BTreeSet<TraceId> = traces.into_iter().collect();
            for projection in &projections {
                gone.remove(&projection.id);
                rows.push(store.hot_row(projection, parts)?);
            }
            let live = store.archive.live();
            for trace in gone {
                rows.extend(unless_damaged(live.row(trace))?);
            }
            Ok::<_, ScanError>(rows)
        });
        rows.await?
    }

    /// Blocks where the trace may be at rest.
    fn hot_row(&self, projection: &Projection, parts: Parts) -> Result<TraceRow, ScanError> {
        let trace = projection.id;
        let (live, (all, after, rest)) = loop {
            let live = self.archive.live();
            let amounts = self.index.lock().amounts(trace, live.watermark);
            // What was evicted in between is in newer blocks.
            if live.watermark == self.archive.watermark() {
                break (live, amounts);
            }
        };
        let (mut documents, mut bytes) = (all.documents, all.bytes);
        if rest != Rest::Nothing
            && let Some(at_rest) = unless_damaged(live.amount(trace))?
        {
            documents = after.documents.saturating_add(at_rest.0);
            bytes = after.bytes + at_rest.1;
        }
        let mut row = TraceRow::of(projection, documents, bytes, false);
        if parts.groups {
            row.groups = self.observers.memberships(trace);
        }
        Ok(row)
    }

    /// The projections of traces that are hot, or were a moment ago.
    async fn projections_of(&self, traces: &[TraceId]) -> Result<Vec<Arc<Projection>>, ScanError> {
        let mut projections = self.hot_projections(traces).await?;
        let mut gone: BTreeSet<TraceId> = traces.iter().copied().collect();
        for projection in &projections {
            gone.remove(&projection.id);
        }
        if !gone.is_empty() {
            let (live, gone) = (self.archive.live(), gone.into_iter().collect());
            projections.extend(self.project_at_rest(&live, gone).await?);
        }
        Ok(projections)
    }
}

/// What was read of the row that counts; `None` where it is damaged, which was told.
fn unless_damaged<T>(read: Result<Option<T>, ArchiveError>) -> Result<Option<T>, ScanError> {
    match read {
        Err(error) if error.is_damage() => Ok(None),
        read => Ok(read?),
    }
}

// === impl Snapshot ===

impl Snapshot {
    /// Goes through the traces that are wanted.
    #[must_use]
    pub fn cursor(self: &Arc<Self>, wanted: Wanted) -> Cursor {
        let mut turns = Vec::new();
        let hot = |traces: &[TraceId]| Turn::Hot(traces.to_vec());
        match &wanted.traces {
            Some(traces) => {
                let (held, others): (Vec<_>, Vec<_>) =
                    traces.iter().partition(|trace| self.was_hot(**trace));
                turns.extend(held.chunks(TRACES_A_TURN).map(hot));
                let named = others.chunks(TRACES_A_TURN);
                turns.extend(named.map(|traces| Turn::Named(traces.to_vec())));
            }
            None => {
                let held = self.hot.iter().filter(|held| wanted.may_be_held(held));
                let held: Vec<TraceId> = held.map(|held| held.trace).collect();
                turns.extend(held.chunks(TRACES_A_TURN).map(hot));
                let slices = self.live.slices(|times| wanted.may_be_in(times));
                turns.extend(slices.into_iter().map(Turn::AtRest));
            }
        }
        Cursor {
            snapshot: Arc::clone(self),
            wanted: Arc::new(wanted),
            turns: turns.into_iter(),
            at_rest: Vec::new(),
        }
    }

    fn was_hot(&self, trace: TraceId) -> bool {
        let found = self.hot.binary_search_by_key(&trace, |held| held.trace);
        found.is_ok()
    }

    /// The rows there of traces that are wanted and were not hot.
    async fn rows(
        self: &Arc<Self>,
        slice: Slice,
        wanted: &Arc<Wanted>,
        parts: Parts,
    ) -> Result<Vec<TraceRow>, ScanError> {
        let (snapshot, wanted) = (Arc::clone(self), Arc::clone(wanted));
        let rows = self.store.searching(move || {
            let mut rows = snapshot.live.rows(&slice, parts)?;
            rows.retain(|row| wanted.may_be(row) && !snapshot.was_hot(row.trace));
            Ok::<_, ScanError>(rows)
        });
        rows.await?
    }

    async fn named_rows(
        self: &Arc<Self>,
        traces: Vec<TraceId>,
    ) -> Result<Vec<TraceRow>, ScanError> {
        let snapshot = Arc::clone(self);
        let rows = self.store.searching(move || {
            let rows = traces
                .into_iter()
                .filter_map(|trace| unless_damaged(snapshot.live.row(trace)).transpose());
            rows.collect()
        });
        rows.await?
    }

    /// The documents of traces that were not hot.
    async fn documents(
        self: &Arc<Self>,
        traces: Vec<TraceId>,
        depth: Depth,
    ) -> Result<Vec<TraceDocuments>, ScanError> {
        let (snapshot, refusals) = (Arc::clone(self), Arc::clone(&self.store.refusals));
        let documents = self.store.searching(move || {
            let found = snapshot.live.documents(&traces)?.into_iter();
            let received = found.map(|(trace, documents)| {
                let parse = |json: &[u8]| depth.parse(json);
                (trace, refusals.received(documents, parse))
            });
            Ok::<_, ScanError>(received.collect())
        });
        documents.await?
    }

    /// The documents of traces that were hot.
    async fn hot_documents(
        self: &Arc<Self>,
        traces: Vec<TraceId>,
        depth: Depth,
    ) -> Result<Vec<TraceDocuments>, ScanError> {
        let stored = self.store.read_stored(&traces).await?;
        let refusals = Arc::clone(&self.store.refusals);
        let received = self.store.searching(move || {
            let stored = traces.into_iter().zip(stored);
            let received = stored.map(|(trace, documents)| {
                let parse = |json: &[u8]| depth.parse(json);
                (trace, refusals.received(documents, parse))
            });
            received.collect()
        });
        received.await
    }
}

// === impl Cursor ===

impl Cursor {
    /// The rows of the next traces; `None` when there are no more.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub async fn rows(&mut self, parts: Parts) -> Result<Option<Vec<TraceRow>>, ScanError> {
        let snapshot = &self.snapshot;
        for turn in self.turns.by_ref() {
            let rows = match turn {
                Turn::Hot(traces) => snapshot.store.hot_rows(traces, parts).await?,
                Turn::AtRest(slice) => snapshot.rows(slice, &self.wanted, parts).await?,
                Turn::Named(traces) => snapshot.named_rows(traces).await?,
            };
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }

    /// The documents of the next traces, in the order received; `None` when there are no more traces.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub async fn documents(
        &mut self,
        depth: Depth,
    ) -> Result<Option<Vec<TraceDocuments>>, ScanError> {
        while let Some(turn) = self.next().await? {
            let snapshot = &self.snapshot;
            let mut documents = match turn {
                Next::Hot(traces) => snapshot.hot_documents(traces, depth).await?,
                Next::Others(traces) => snapshot.documents(traces, depth).await?,
            };
            documents.retain(|(_, documents)| !documents.is_empty());
            if !documents.is_empty() {
                return Ok(Some(documents));
            }
        }
        Ok(None)
    }

    /// The projections of the next traces; `None` when there are no more.
    ///
    /// # Errors
    ///
    /// When documents cannot be read.
    pub async fn projections(&mut self) -> Result<Option<Vec<Arc<Projection>>>, ScanError> {
        while let Some(turn) = self.next().await? {
            let (store, live) = (&self.snapshot.store, &self.snapshot.live);
            let projections = match turn {
                Next::Hot(traces) => store.projections_of(&traces).await?,
                Next::Others(traces) => store.project_at_rest(live, traces).await?,
            };
            if !projections.is_empty() {
                return Ok(Some(projections));
            }
        }
        Ok(None)
    }

    /// The ids of the next traces, which are few enough to be read together.
    async fn next(&mut self) -> Result<Option<Next>, ScanError> {
        loop {
            if !self.at_rest.is_empty() {
                let left = self.at_rest.len().saturating_sub(TRACES_A_TURN);
                return Ok(Some(Next::Others(self.at_rest.split_off(left))));
            }
            match self.turns.next() {
                None => return Ok(None),
                Some(Turn::Hot(traces)) => return Ok(Some(Next::Hot(traces))),
                Some(Turn::Named(traces)) => return Ok(Some(Next::Others(traces))),
                Some(Turn::AtRest(slice)) => {
                    let rows = self
                        .snapshot
                        .rows(slice, &self.wanted, Parts::default())
                        .await?;
                    self.at_rest = rows.into_iter().map(|row| row.trace).collect();
                    // Neighbours lie on the same pages.
                    self.at_rest.sort_unstable();
                }
            }
        }
    }
}

/// Traces to be read together.
enum Next {
    /// They were hot.
    Hot(Vec<TraceId>),
    /// They were not.
    Others(Vec<TraceId>),
}

// === impl Depth ===

impl Depth {
    fn parse(self, json: &[u8]) -> Result<Document, fluoro_model::document::Refusal> {
        match self {
            Self::Facts => Document::parse_facts(STORED, json),
            Self::Whole => Document::parse_within(STORED, json),
        }
    }
}

// === impl Wanted ===

impl Wanted {
    /// What is hot may change until it is read: only what is sure then is said.
    fn may_be_held(&self, held: &HeldTrace) -> bool {
        let start = self.start.as_ref();
        let received = self.received.as_ref();
        start.is_none_or(|range| held.start.is_some_and(|start| range.contains(&start)))
            && received.is_none_or(|range| held.last_received >= *range.start())
    }

    fn may_be(&self, row: &TraceRow) -> bool {
        let start = self.start.as_ref();
        let received = self.received.as_ref();
        start.is_none_or(|range| row.start.is_some_and(|start| range.contains(&start)))
            && received.is_none_or(|range| {
                row.last_received >= *range.start() && row.first_received <= *range.end()
            })
    }

    fn may_be_in(&self, times: &GroupTimes) -> bool {
        let begins = self.start.as_ref().is_none_or(|range| {
            let start = times.start.as_ref();
            start.is_some_and(|start| start.start() <= range.end() && start.end() >= range.start())
        });
        let received = self.received.as_ref().is_none_or(|range| {
            times.last_received.end() >= range.start()
                && times.first_received.start() <= range.end()
        });
        begins && received
    }
}
