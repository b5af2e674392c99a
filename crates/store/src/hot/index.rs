//! What is known of each trace, and the orders in which traces are looked for. Plain data under one lock.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use fluoro_filter::{Digest, KnownAnnotations};
use fluoro_model::{SegmentId, TimestampMicros, TraceId};
use fluoro_trace::Projection;
use fluoro_trace::projection::Open;
use foldhash::HashMap;

use crate::log::Position;

mod entry;
mod find;
mod fresh;
mod held;
mod leave;
mod rest;

use entry::Entry;
pub(super) use entry::{Place, Rest};
pub(super) use fresh::{QUIET_TURNS, Snapshot, start_of};
pub(super) use held::HeldTrace;
pub(super) use rest::{AtFlush, News};

#[derive(Debug, Default)]
pub(super) struct Index {
    traces: HashMap<TraceId, Entry>,
    /// By each trace's first document.
    by_first: BTreeMap<Position, TraceId>,
    /// Those of them that have a projection.
    warm: BTreeMap<Position, TraceId>,
    /// With the rows of their projections, also while these are cold. They stand here, side by side, because filters are
    /// mostly held against all traces of a range of starts.
    by_start: BTreeMap<(TimestampMicros, TraceId), Digest>,
    by_end: BTreeSet<(TimestampMicros, TraceId)>,
    /// Those of which the rows tell.
    annotations: KnownAnnotations,
    /// By each minute in which a document of theirs came in.
    by_received: BTreeSet<(i64, TraceId)>,
    /// Touched since their projection was made, and after which turn they are due.
    stale: HashMap<TraceId, u32>,
    /// How many turns there were.
    turn: u32,
    documents: usize,
    weight: usize,
    /// How many changes there were.
    generations: u64,
    /// Whether anybody is told of traces that are let go.
    observed: bool,
    /// Let go, and not told yet.
    forgotten: Vec<TraceId>,
    /// No trace with a document at this position or later was evicted, since the start.
    evicted_up_to: Position,
    /// Evicted while somebody was looking, and between which changes they could be found.
    evicted: HashMap<TraceId, Vec<Range<u64>>>,
}

// === impl Index ===

impl Index {
    pub(super) fn new(observed: bool) -> Self {
        Self {
            observed,
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.traces.len()
    }

    pub(super) fn documents(&self) -> usize {
        self.documents
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.weight
    }

    /// Adds a document to its trace, at most once. `whole` says that it may be all there is of it.
    pub(super) fn add(&mut self, trace: TraceId, place: Place, whole: bool) {
        let entry = self.traces.entry(trace).or_default();
        let before = entry.first();
        let at = entry
            .places
            .partition_point(|held| held.position < place.position);
        if entry
            .places
            .get(at)
            .is_some_and(|held| held.position == place.position)
        {
            return;
        }
        entry.places.insert(at, place);
        entry.bytes += u64::from(place.bytes);
        self.by_received.insert((place.minute(), trace));
        self.generations += 1;
        entry.generation = self.generations;
        if entry.born == 0 {
            entry.born = self.generations;
        }
        self.documents += 1;
        let turns = match entry.places.len() {
            1 if whole => 1,
            _ => QUIET_TURNS,
        };
        entry.last_received = entry.last_received.max(place.at);
        if at == 0 {
            self.move_first(trace, before, Some(place.position));
        }
        self.stale.insert(trace, self.turn.wrapping_add(turns));
        self.reweigh(trace);
    }

    /// How long the trace's documents are that have a place here, of those from the position on, and what else there is.
    pub(super) fn trace_bytes(&self, trace: TraceId, from: Position) -> (u64, u64, Rest) {
        let Some(entry) = self.traces.get(&trace) else {
            return (0, 0, Rest::Unknown);
        };
        let after = entry.places.iter().rev();
        let after = after.take_while(|place| place.position >= from);
        let after = after.map(|place| u64::from(place.bytes)).sum();
        (entry.bytes, after, entry.rest)
    }

    /// Where the trace's documents lie, in the order received, and what else there is.
    pub(super) fn places(&self, trace: TraceId) -> (Vec<Place>, Rest) {
        let entry = self.traces.get(&trace);
        entry.map_or((Vec::new(), Rest::Unknown), |entry| {
            (entry.places.clone(), entry.rest)
        })
    }

    /// How many changes there were.
    pub(super) fn generation(&self) -> u64 {
        self.generations
    }

    pub(super) fn projection(&self, trace: TraceId) -> Option<Arc<Projection>> {
        self.traces.get(&trace)?.projection.clone()
    }

    /// What names a parent that has not come; cold traces aside.
    pub(super) fn orphans(&self) -> Vec<(TraceId, SegmentId)> {
        let projections = self
            .traces
            .values()
            .filter_map(|entry| entry.projection.as_deref());
        let orphans = projections.flat_map(|projection| {
            projection.open.iter().filter_map(|open| match open {
                Open::MissingParent { id, .. } => Some((projection.id, *id)),
                Open::InProgress { .. } => None,
            })
        });
        orphans.collect()
    }

    /// Notes that a trace's first document is another one now.
    fn move_first(&mut self, trace: TraceId, before: Option<Position>, after: Option<Position>) {
        let was_warm = before.is_some_and(|first| self.warm.remove(&first).is_some());
        before.map(|first| self.by_first.remove(&first));
        let Some(first) = after else { return };
        self.by_first.insert(first, trace);
        if was_warm {
            self.warm.insert(first, trace);
        }
    }

    /// When the oldest document came in.
    pub(super) fn held_since(&self) -> Option<TimestampMicros> {
        let (_, oldest) = self.by_first.first_key_value()?;
        let first = self.traces.get(oldest)?.places.first()?;
        Some(first.at)
    }

    fn reweigh(&mut self, trace: TraceId) {
        if let Some(entry) = self.traces.get_mut(&trace) {
            let weight = entry.weigh();
            self.weight = self.weight - entry.weight + weight;
            entry.weight = weight;
        }
    }
}
