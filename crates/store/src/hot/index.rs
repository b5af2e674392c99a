//! What is known of each trace, and the orders in which traces are looked for. Plain data under one lock.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use fluoro_filter::{Digest, KnownAnnotations};
use fluoro_model::{EpochSeconds, SegmentId, TimestampMicros, TraceId};
use fluoro_trace::Projection;
use fluoro_trace::projection::Open;

use super::observe::Standing;
use super::weigh;
use crate::log::Position;

mod find;

/// Where one document lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) position: Position,
    pub(super) at: TimestampMicros,
    bytes: u32,
    /// Whether a projection with it was made readable.
    pub(super) projected: bool,
}

impl Place {
    pub(super) fn new(position: Position, at: TimestampMicros, bytes: usize) -> Self {
        Self {
            position,
            at,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            projected: false,
        }
    }

    fn minute(&self) -> i64 {
        self.at.floor_minute()
    }
}

#[derive(Debug)]
struct Entry {
    /// By position; never empty while the entry is in the index.
    places: Vec<Place>,
    /// What the documents there take as JSON.
    bytes: u64,
    /// `None` until it was made for the first time, and once it had to make room: the trace is *cold* then.
    projection: Option<Arc<Projection>>,
    /// The projection's start, also while cold.
    start: Option<TimestampMicros>,
    /// The latest end of anything in the projection, also while cold.
    end: Option<TimestampMicros>,
    /// Grows with every change of the places; no two entries ever share one.
    generation: u64,
    /// Its first generation: which entry it is, when the trace was let go and came again.
    born: u64,
    /// The generation that the projection was made from; 0 when there was none.
    projected: u64,
    last_received: TimestampMicros,
    projection_weight: usize,
    /// All of it, as it was counted last.
    weight: usize,
}

/// The places of a trace at some moment, and its projection then.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) trace: TraceId,
    pub(super) places: Vec<Place>,
    pub(super) generation: u64,
    born: u64,
    pub(super) projection: Option<Arc<Projection>>,
    pub(super) projected: u64,
}

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
}

/// After so many turns without a document of it, a trace is due: its documents come one after the other, and each
/// projection made in between is made in vain.
const QUIET_TURNS: u32 = 5;

/// What an entry takes without its projection and places: itself, and its share of the maps.
const ENTRY_WEIGHT: usize = 370 + size_of::<Digest>();

// === impl Entry ===

impl Default for Entry {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            bytes: 0,
            projection: None,
            start: None,
            end: None,
            generation: 0,
            born: 0,
            projected: 0,
            last_received: TimestampMicros(i64::MIN),
            projection_weight: 0,
            weight: 0,
        }
    }
}

impl Entry {
    fn first(&self) -> Option<Position> {
        self.places.first().map(|place| place.position)
    }

    fn weigh(&self) -> usize {
        let places = self.places.capacity() * size_of::<Place>();
        ENTRY_WEIGHT + places + self.projection_weight
    }
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

    pub(super) fn trace_bytes(&self, trace: TraceId) -> u64 {
        self.traces.get(&trace).map_or(0, |entry| entry.bytes)
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

    /// The touched traces in the order of their first documents, so that the log is read from front to back.
    pub(super) fn stale(&self) -> Vec<TraceId> {
        self.in_order(self.stale.keys())
    }

    /// Ends a turn. The touched traces that are due, in the order of their first documents.
    pub(super) fn due(&mut self) -> Vec<TraceId> {
        self.turn = self.turn.wrapping_add(1);
        // Due is what lies in the past, also when the count has wrapped.
        let is_due = |after: &u32| self.turn.wrapping_sub(*after).wrapping_sub(1) < u32::MAX / 2;
        let stale = self.stale.iter();
        self.in_order(
            stale
                .filter(|(_, after)| is_due(after))
                .map(|(trace, _)| trace),
        )
    }

    fn in_order<'t>(&self, traces: impl Iterator<Item = &'t TraceId>) -> Vec<TraceId> {
        let first = |trace: &TraceId| self.traces.get(trace).and_then(Entry::first);
        let mut traces: Vec<TraceId> = traces.copied().collect();
        traces.sort_by_cached_key(first);
        traces
    }

    pub(super) fn stale_count(&self) -> usize {
        self.stale.len()
    }

    /// The projections of those of the traces that have a fresh one, and what to assemble for the others.
    pub(super) fn parted(&self, traces: &[TraceId]) -> (Vec<Arc<Projection>>, Vec<Snapshot>) {
        let is_fresh = |trace: &&TraceId| !self.stale.contains_key(*trace);
        let fresh = traces.iter().filter(is_fresh);
        let ready = fresh.filter_map(|trace| self.projection(*trace));
        (ready.collect(), self.snapshots(traces))
    }

    /// What to assemble for those of the traces that were touched or are cold.
    pub(super) fn snapshots(&self, traces: &[TraceId]) -> Vec<Snapshot> {
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
                })
            })
            .collect()
    }

    /// What a projection made from a snapshot would be to what is held.
    pub(super) fn standing(&self, made_from: &Snapshot) -> Standing {
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
    pub(super) fn set_projection(&mut self, made_from: &Snapshot, projection: Arc<Projection>) {
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
        if entry.generation == made_from.generation {
            self.stale.remove(&trace);
        }
        let before = (entry.start, entry.end);
        let after = (start_of(&projection), end_of(&projection));
        (entry.start, entry.end) = after;
        let digest = Digest::of(&projection, &mut self.annotations);
        entry.projection_weight = weigh::projection(&projection);
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

    /// Makes room until all takes at most `limit` bytes: the oldest projections go, which can be made again; when
    /// there are none any more, the oldest traces. Returns how many documents went.
    pub(super) fn shrink_to(&mut self, limit: usize) -> u64 {
        let mut let_go = 0;
        while self.weight > limit {
            if let Some((_, trace)) = self.warm.pop_first() {
                if let Some(entry) = self.traces.get_mut(&trace) {
                    entry.projection = None;
                    entry.projection_weight = 0;
                }
                self.reweigh(trace);
            } else if let Some((_, &oldest)) = self.by_first.first_key_value() {
                let_go += self.retain(oldest, |_| false);
            } else {
                break;
            }
        }
        let_go
    }

    /// Lets go of every document that was received before `oldest`; returns how many went.
    ///
    /// Receipts follow a wall clock, which may have been wrong: one that lies in the future, past `now`, is taken to be as
    /// old as the log tells, where it stands before others that are due.
    pub(super) fn cut_older(&mut self, oldest: TimestampMicros, now: TimestampMicros) -> u64 {
        let end = (oldest.floor_minute(), TraceId::from_bits(u128::MAX));
        let traces: BTreeSet<TraceId> = self
            .by_received
            .range(..=end)
            .map(|(_, trace)| *trace)
            .collect();
        let is_due = |place: &&Place| place.at < oldest;
        let (mut let_go, mut last) = (0, None);
        for trace in traces {
            let places = self.traces.get(&trace).map(|entry| &entry.places);
            let due = places.into_iter().flatten().filter(is_due);
            let Some(last_due) = due.map(|place| place.position).max() else {
                continue;
            };
            last = last.max(Some(last_due));
            let_go += self.retain(trace, |place| !is_due(&place));
        }
        let is_before = |place: &Place| Some(place.position) < last && place.at > now;
        let_go + self.cut(is_before)
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
        let minutes: Vec<i64> = entry.places.iter().map(Place::minute).collect();
        entry.places.retain(is_wanted);
        entry.bytes = entry
            .places
            .iter()
            .map(|place| u64::from(place.bytes))
            .sum();
        for minute in minutes {
            if !entry.places.iter().any(|place| place.minute() == minute) {
                self.by_received.remove(&(minute, trace));
            }
        }
        let gone = before.1 - entry.places.len();
        if gone == 0 {
            return 0;
        }
        self.generations += 1;
        entry.generation = self.generations;
        let first = entry.first();
        self.documents -= gone;
        if first != before.0 {
            self.move_first(trace, before.0, first);
        }
        if first.is_some() {
            self.stale
                .insert(trace, self.turn.wrapping_add(QUIET_TURNS));
            self.reweigh(trace);
        } else {
            self.forget(trace);
        }
        gone as u64
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

    /// Forgets documents that the log could not give back; returns how many of them were held.
    pub(super) fn lose(&mut self, trace: TraceId, lost: &[Position]) -> u64 {
        if lost.is_empty() {
            return 0;
        }
        self.retain(trace, |place| !lost.contains(&place.position))
    }

    /// The traces that were let go since the last time.
    pub(super) fn take_forgotten(&mut self) -> Vec<TraceId> {
        std::mem::take(&mut self.forgotten)
    }

    /// When the oldest document came in.
    pub(super) fn held_since(&self) -> Option<TimestampMicros> {
        let (_, oldest) = self.by_first.first_key_value()?;
        let first = self.traces.get(oldest)?.places.first()?;
        Some(first.at)
    }

    /// The first position that any trace needs.
    pub(super) fn first_needed(&self) -> Option<Position> {
        self.by_first.keys().next().copied()
    }

    /// Removes the trace from everywhere but where its first document stood.
    fn forget(&mut self, trace: TraceId) {
        self.stale.remove(&trace);
        let Some(entry) = self.traces.remove(&trace) else {
            return;
        };
        self.weight -= entry.weight;
        if self.observed && entry.projected > 0 {
            self.forgotten.push(trace);
        }
        if let Some(start) = entry.start {
            self.by_start.remove(&(start, trace));
        }
        replace(&mut self.by_end, trace, entry.end, None);
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

fn end_of(projection: &Projection) -> Option<TimestampMicros> {
    projection.ends().map(EpochSeconds::micros).max()
}

/// Notes that the trace stands elsewhere in an order, or nowhere.
fn replace(
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
