//! Which projections have to be made anew, of what, and what becomes of those that were made.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use fluoro_filter::Digest;
use fluoro_model::{EpochSeconds, TimestampMicros, TraceId};
use fluoro_trace::Projection;

use super::Index;
use super::entry::{Entry, Place, Rest};
use crate::hot::observe::Standing;
use crate::scan::weight;

/// The places of a trace at some moment, and its projection then.
#[derive(Debug, Clone)]
pub(in crate::hot) struct Snapshot {
    pub(in crate::hot) trace: TraceId,
    pub(in crate::hot) places: Vec<Place>,
    pub(in crate::hot) generation: u64,
    born: u64,
    pub(in crate::hot) projection: Option<Arc<Projection>>,
    pub(in crate::hot) projected: u64,
    pub(in crate::hot) rest: Rest,
}

/// So many traces are assembled at once at most. The more, the less of the log is read twice: documents of one moment are of
/// many traces.
const TRACES_AT_ONCE: usize = 512;

/// And traces with so many bytes of documents, or one.
const BYTES_AT_ONCE: u64 = 8 << 20;

/// After so many turns without a document of it, a trace is due: its documents come one after the other, and each
/// projection made in between is made in vain.
pub(in crate::hot) const QUIET_TURNS: u32 = 5;

// === impl Index ===

impl Index {
    /// The touched traces in the order of their first documents, so that the log is read from front to back.
    pub(in crate::hot) fn stale(&self) -> Vec<TraceId> {
        self.in_order(self.stale.keys())
    }

    /// Ends so many turns. The touched traces that are due, or will be so many turns later, in the order of their first
    /// documents.
    pub(in crate::hot) fn due(&mut self, turns: u32, early: u32) -> Vec<TraceId> {
        self.turn = self.turn.wrapping_add(turns);
        let turn = self.turn.wrapping_add(early);
        // Due is what lies in the past, also when the count has wrapped.
        let is_due = |after: &u32| turn.wrapping_sub(*after).wrapping_sub(1) < u32::MAX / 2;
        let stale = self.stale.iter();
        self.in_order(
            stale
                .filter(|(_, after)| is_due(after))
                .map(|(trace, _)| trace),
        )
    }

    /// The traces in turns, in their order: each as many as can be assembled at once.
    pub(in crate::hot) fn turns<'t>(&self, traces: &'t [TraceId]) -> Vec<&'t [TraceId]> {
        let mut turns = Vec::new();
        let (mut from, mut bytes) = (0, 0);
        for (at, trace) in traces.iter().enumerate() {
            let more = self.traces.get(trace).map_or(0, |entry| entry.bytes);
            if at > from && (at - from == TRACES_AT_ONCE || bytes + more > BYTES_AT_ONCE) {
                turns.push(&traces[from..at]);
                (from, bytes) = (at, 0);
            }
            bytes += more;
        }
        turns.extend((from < traces.len()).then(|| &traces[from..]));
        turns
    }

    /// How many documents the traces have.
    pub(in crate::hot) fn documents_of(&self, traces: &[TraceId]) -> usize {
        let entries = traces.iter().filter_map(|trace| self.traces.get(trace));
        entries.map(|entry| entry.places.len()).sum()
    }

    fn in_order<'t>(&self, traces: impl Iterator<Item = &'t TraceId>) -> Vec<TraceId> {
        let first = |trace: &TraceId| self.traces.get(trace).and_then(Entry::first);
        let mut traces: Vec<TraceId> = traces.copied().collect();
        traces.sort_by_cached_key(first);
        traces
    }

    pub(in crate::hot) fn stale_count(&self) -> usize {
        self.stale.len()
    }

    /// The projections of those of the traces that have a fresh one, and what to assemble for the others.
    pub(in crate::hot) fn parted(
        &self,
        traces: &[TraceId],
    ) -> (Vec<Arc<Projection>>, Vec<Snapshot>) {
        let is_fresh = |trace: &&TraceId| !self.stale.contains_key(*trace);
        let fresh = traces.iter().filter(is_fresh);
        let ready = fresh.filter_map(|trace| self.projection(*trace));
        (ready.collect(), self.snapshots(traces))
    }

    /// What to assemble for those of the traces that were touched or are cold.
    pub(in crate::hot) fn snapshots(&self, traces: &[TraceId]) -> Vec<Snapshot> {
        traces
            .iter()
            .filter_map(|trace| {
                let entry = self.traces.get(trace)?;
                let needed = entry.projection.is_none() || self.stale.contains_key(trace);
                needed.then(|| Snapshot {
                    trace: *trace,
                    places: entry.places.clone(),
                    generation: entry.generation,
                    born: entry.born,
                    projection: entry.projection.clone(),
                    projected: entry.projected,
                    rest: entry.rest,
                })
            })
            .collect()
    }

    /// What a projection made from a snapshot would be to what is held.
    pub(in crate::hot) fn standing(&self, made_from: &Snapshot) -> Standing {
        let Some(entry) = self.traces.get(&made_from.trace) else {
            return Standing::Late;
        };
        if entry.born != made_from.born {
            return Standing::Overtaken;
        }
        match entry.projected.cmp(&made_from.generation) {
            Ordering::Less if entry.projected == made_from.projected => Standing::News,
            Ordering::Less => Standing::Overtaken,
            Ordering::Equal if entry.projection.is_none() => Standing::Known,
            Ordering::Equal | Ordering::Greater => Standing::Late,
        }
    }

    /// Takes a projection made from a snapshot. The trace stays touched when more came since the snapshot. Its observers
    /// were told of the projection already: when it is the trace's first, and the trace was let go meanwhile, they have yet
    /// to be told so.
    pub(in crate::hot) fn set_projection(
        &mut self,
        made_from: &Snapshot,
        projection: Arc<Projection>,
        older: Vec<TimestampMicros>,
    ) {
        let trace = made_from.trace;
        let entry = self.traces.get_mut(&trace);
        let Some(entry) = entry.filter(|entry| entry.born == made_from.born) else {
            if self.observed && made_from.projected == 0 {
                self.forgotten.push(trace);
            }
            return;
        };
        let mut projected = made_from
            .places
            .iter()
            .map(|place| place.position)
            .peekable();
        for place in &mut entry.places {
            while projected
                .next_if(|position| *position < place.position)
                .is_some()
            {}
            place.projected |= projected.peek() == Some(&place.position);
        }
        entry.projected = made_from.generation;
        if entry.rest == Rest::Unknown {
            entry.rest = match older.is_empty() {
                true => Rest::Nothing,
                false => Rest::Something,
            };
            let minutes = older.iter().map(|at| (at.floor_minute(), trace));
            self.by_received.extend(minutes);
            entry.older = older;
        }
        self.generations += 1;
        if entry.readable_since == 0 {
            entry.readable_since = self.generations;
        }
        if entry.generation == made_from.generation {
            self.stale.remove(&trace);
        }
        let before = (entry.start, entry.end);
        let after = (start_of(&projection), end_of(&projection));
        (entry.start, entry.end) = after;
        let digest = Digest::of(&projection, &mut self.annotations);
        entry.projection_weight = weight(&projection);
        entry.projection = Some(projection);
        if let Some(first) = entry.first() {
            self.warm.insert(first, trace);
        }
        if let Some(start) = before.0 {
            self.by_start.remove(&(start, trace));
        }
        if let Some(start) = after.0 {
            self.by_start.insert((start, trace), digest);
        }
        replace(&mut self.by_end, trace, before.1, after.1);
        self.reweigh(trace);
    }
}

pub(in crate::hot) fn start_of(projection: &Projection) -> Option<TimestampMicros> {
    projection.start.map(EpochSeconds::micros)
}

fn end_of(projection: &Projection) -> Option<TimestampMicros> {
    projection.ends().map(EpochSeconds::micros).max()
}

/// Notes that the trace stands elsewhere in an order, or nowhere.
pub(super) fn replace(
    order: &mut BTreeSet<(TimestampMicros, TraceId)>,
    trace: TraceId,
    before: Option<TimestampMicros>,
    after: Option<TimestampMicros>,
) {
    if before != after {
        before.map(|time| order.remove(&(time, trace)));
        after.map(|time| order.insert((time, trace)));
    }
}
