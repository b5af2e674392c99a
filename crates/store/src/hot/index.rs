//! What is known of each trace, and the orders in which traces are looked for. Plain data under one lock.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use fluoro_model::{EpochSeconds, SegmentId, TimestampMicros, TraceId};
use fluoro_trace::Projection;
use fluoro_trace::projection::Open;

use super::weigh;
use crate::log::Position;
use crate::scan::Axis;

/// Where one document lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) position: Position,
    pub(super) at: TimestampMicros,
    bytes: u32,
}

impl Place {
    pub(super) fn new(position: Position, at: TimestampMicros, bytes: usize) -> Self {
        Self {
            position,
            at,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        }
    }
}

#[derive(Debug)]
struct Entry {
    /// By position; never empty while the entry is in the index.
    places: Vec<Place>,
    /// `None` until it was made for the first time.
    projection: Option<Arc<Projection>>,
    /// Grows with every document.
    generation: u64,
    /// The generation that the projection was made from.
    projected: u64,
    last_received: TimestampMicros,
    weight: usize,
}

/// The places of a trace at some moment.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) trace: TraceId,
    pub(super) places: Vec<Place>,
    pub(super) generation: u64,
}

#[derive(Debug, Default)]
pub(super) struct Index {
    traces: HashMap<TraceId, Entry>,
    /// By each trace's first document.
    by_first: BTreeMap<Position, TraceId>,
    by_start: BTreeSet<(TimestampMicros, TraceId)>,
    by_last_received: BTreeSet<(TimestampMicros, TraceId)>,
    /// Touched since their projection was made.
    stale: HashSet<TraceId>,
    documents: usize,
    weight: usize,
}

/// What an entry takes without its projection and places: itself, and its share of the maps.
const ENTRY_WEIGHT: usize = 320;

// === impl Entry ===

impl Default for Entry {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            projection: None,
            generation: 0,
            projected: 0,
            last_received: TimestampMicros(i64::MIN),
            weight: 0,
        }
    }
}

impl Entry {
    fn first(&self) -> Option<Position> {
        self.places.first().map(|place| place.position)
    }

    fn weigh(&self) -> usize {
        let projection = self.projection.as_deref().map_or(0, weigh::projection);
        ENTRY_WEIGHT + self.places.capacity() * size_of::<Place>() + projection
    }
}

// === impl Index ===

impl Index {
    pub(super) fn len(&self) -> usize {
        self.traces.len()
    }

    pub(super) fn documents(&self) -> usize {
        self.documents
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.weight
    }

    /// Adds a document to its trace, at most once.
    pub(super) fn add(&mut self, trace: TraceId, place: Place) {
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
        entry.generation += 1;
        self.documents += 1;
        if entry.last_received < place.at {
            self.by_last_received.remove(&(entry.last_received, trace));
            entry.last_received = place.at;
            self.by_last_received.insert((place.at, trace));
        }
        if at == 0 {
            before.map(|first| self.by_first.remove(&first));
            self.by_first.insert(place.position, trace);
        }
        self.stale.insert(trace);
        self.reweigh(trace);
    }

    pub(super) fn trace_bytes(&self, trace: TraceId) -> u64 {
        self.traces.get(&trace).map_or(0, |entry| {
            entry
                .places
                .iter()
                .map(|place| u64::from(place.bytes))
                .sum()
        })
    }

    /// Where the trace's documents lie, in the order received.
    pub(super) fn places(&self, trace: TraceId) -> Vec<Place> {
        self.traces
            .get(&trace)
            .map(|entry| entry.places.clone())
            .unwrap_or_default()
    }

    pub(super) fn projection(&self, trace: TraceId) -> Option<Arc<Projection>> {
        self.traces.get(&trace)?.projection.clone()
    }

    pub(super) fn stale(&self) -> Vec<TraceId> {
        self.stale.iter().copied().collect()
    }

    pub(super) fn stale_count(&self) -> usize {
        self.stale.len()
    }

    /// What to assemble for those of the traces that were touched.
    pub(super) fn snapshots(&self, traces: &[TraceId]) -> Vec<Snapshot> {
        let stale = traces.iter().filter(|trace| self.stale.contains(trace));
        stale
            .filter_map(|trace| {
                let entry = self.traces.get(trace)?;
                Some(Snapshot {
                    trace: *trace,
                    places: entry.places.clone(),
                    generation: entry.generation,
                })
            })
            .collect()
    }

    /// Takes a projection made from a snapshot, unless a later one is there. The trace stays touched when more came
    /// since the snapshot.
    pub(super) fn set_projection(&mut self, made_from: &Snapshot, projection: Arc<Projection>) {
        let trace = made_from.trace;
        let Some(entry) = self.traces.get_mut(&trace) else {
            return;
        };
        if entry.projected >= made_from.generation {
            return;
        }
        entry.projected = made_from.generation;
        if entry.generation == made_from.generation {
            self.stale.remove(&trace);
        }
        let before = entry.projection.as_deref().and_then(start_of);
        let after = start_of(&projection);
        if before != after {
            before.map(|start| self.by_start.remove(&(start, trace)));
            after.map(|start| self.by_start.insert((start, trace)));
        }
        entry.projection = Some(projection);
        self.reweigh(trace);
    }

    /// The projections in range. What was touched since they were made is the caller's care.
    pub(super) fn range(&self, range: Range<TimestampMicros>, by: Axis) -> Vec<Arc<Projection>> {
        let lowest = |time| (time, TraceId::from_bits(0));
        if range.start >= range.end {
            return Vec::new();
        }
        match by {
            // Starts are kept rounded to microseconds: one more on each side, and none is missed.
            Axis::Start => self
                .by_start
                .range(lowest(shifted(range.start, -1))..lowest(shifted(range.end, 2)))
                .filter_map(|(_, trace)| self.projection(*trace))
                .collect(),
            // A trace that was updated or received in part within the range has its last document there or later.
            Axis::Updated | Axis::Received => self
                .by_last_received
                .range(lowest(range.start)..)
                .filter_map(|(_, trace)| self.traces.get(trace))
                .filter(|entry| entry.places.iter().any(|place| range.contains(&place.at)))
                .filter_map(|entry| entry.projection.clone())
                .collect(),
        }
    }

    /// What names a parent that has not come.
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

    /// Lets go of the oldest traces until all take at most `limit` bytes; returns how many documents went.
    pub(super) fn shrink_to(&mut self, limit: usize) -> u64 {
        let mut let_go = 0;
        while self.weight > limit
            && let Some((_, &oldest)) = self.by_first.first_key_value()
        {
            let_go += self.retain(oldest, |_| false);
        }
        let_go
    }

    /// Lets go of every document that `is_due` says, beginning with the oldest traces and up to the first that has
    /// none; returns how many went.
    pub(super) fn cut(&mut self, is_due: impl Fn(&Place) -> bool) -> u64 {
        let mut let_go = 0;
        while let Some((_, &oldest)) = self.by_first.first_key_value() {
            let gone = self.retain(oldest, |place| !is_due(place));
            if gone == 0 {
                break;
            }
            let_go += gone;
        }
        let_go
    }

    /// Keeps only those of a trace's documents that are wanted, and no trace without any; returns how many went.
    fn retain(&mut self, trace: TraceId, is_wanted: impl Fn(&Place) -> bool) -> u64 {
        let Some(entry) = self.traces.get_mut(&trace) else {
            return 0;
        };
        let before = (entry.first(), entry.places.len());
        entry.places.retain(is_wanted);
        let gone = before.1 - entry.places.len();
        if gone == 0 {
            return 0;
        }
        entry.generation += 1;
        let first = entry.first();
        self.documents -= gone;
        if first != before.0 {
            before.0.map(|first| self.by_first.remove(&first));
        }
        match first {
            Some(first) => {
                self.by_first.insert(first, trace);
                self.stale.insert(trace);
                self.reweigh(trace);
            }
            None => self.forget(trace),
        }
        gone as u64
    }

    /// Forgets documents that the log could not give back; returns how many of them were held.
    pub(super) fn lose(&mut self, trace: TraceId, lost: &[Position]) -> u64 {
        if lost.is_empty() {
            return 0;
        }
        self.retain(trace, |place| !lost.contains(&place.position))
    }

    /// The first position that any trace needs.
    pub(super) fn first_needed(&self) -> Option<Position> {
        self.by_first.keys().next().copied()
    }

    /// Removes the trace from everywhere but `by_first`, where its first document stood.
    fn forget(&mut self, trace: TraceId) {
        self.stale.remove(&trace);
        let Some(entry) = self.traces.remove(&trace) else {
            return;
        };
        self.weight -= entry.weight;
        self.by_last_received.remove(&(entry.last_received, trace));
        if let Some(start) = entry.projection.as_deref().and_then(start_of) {
            self.by_start.remove(&(start, trace));
        }
    }

    fn reweigh(&mut self, trace: TraceId) {
        if let Some(entry) = self.traces.get_mut(&trace) {
            let weight = entry.weigh();
            self.weight = self.weight - entry.weight + weight;
            entry.weight = weight;
        }
    }
}

fn start_of(projection: &Projection) -> Option<TimestampMicros> {
    projection.start.map(EpochSeconds::micros)
}

fn shifted(time: TimestampMicros, micros: i64) -> TimestampMicros {
    TimestampMicros(time.0.saturating_add(micros))
}
