//! What is known of each trace, and the orders in which traces are looked for. Plain data under one lock.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use fluoro_filter::{Digest, KnownAnnotations};
use fluoro_model::{EpochSeconds, SegmentId, TimestampMicros, TraceId};
use fluoro_trace::Projection;
use fluoro_trace::projection::Open;
use foldhash::{HashMap, HashMapExt, HashSet};

use super::observe::Standing;
use super::weigh;
use crate::log::Position;

mod find;
mod held;

pub(super) use held::HeldTrace;

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
    /// What is at rest of it beside the documents that have a place here.
    rest: Rest,
    /// When those were received, each moment once.
    older: Vec<TimestampMicros>,
    /// How many changes there were when it could be found for the first time; 0 before.
    readable_since: u64,
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
    pub(super) rest: Rest,
}

/// What is at rest of a hot trace beside the documents that have a place in the index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nobody has looked.
    #[default]
    Unknown,
    /// Nothing: it was never let go since its first document came.
    Nothing,
    /// Something: it was let go once it was at rest, and came again.
    Something,
}

/// How a trace stands to what is at rest, and to a flush.
#[derive(Debug)]
pub(super) struct AtFlush {
    /// How many documents of it are at rest, and how long they are, where all of them have a place here.
    pub(super) at_rest: Option<(u32, u64)>,
    /// Whether there is nothing of it behind what is flushed.
    pub(super) is_whole: bool,
    /// When the last document was received, whether it changed anything or not.
    pub(super) last_received: TimestampMicros,
}

/// A trace of which something is not at rest.
#[derive(Debug)]
pub(super) struct News {
    pub(super) trace: TraceId,
    /// Unless it had to make room.
    pub(super) projection: Option<Arc<Projection>>,
    /// Whether something of it may be at rest.
    pub(super) may_be_at_rest: bool,
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
    /// No trace with a document at this position or later was evicted, since the start.
    evicted_up_to: Position,
    /// Evicted while somebody was looking, and between which changes they could be found.
    evicted: HashMap<TraceId, Vec<Range<u64>>>,
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
            rest: Rest::Unknown,
            older: Vec::new(),
            readable_since: 0,
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

    /// How many documents are at rest, and how long they are, where all of them have a place here.
    fn at_rest(&self, watermark: Position) -> Option<(u32, u64)> {
        let at_rest = self.places.iter();
        let at_rest = at_rest.take_while(|place| place.position < watermark);
        let bytes = at_rest.clone().map(|place| u64::from(place.bytes)).sum();
        let documents = u32::try_from(at_rest.count()).unwrap_or(u32::MAX);
        (self.rest == Rest::Nothing).then_some((documents, bytes))
    }

    fn weigh(&self) -> usize {
        let places = self.places.capacity() * size_of::<Place>();
        let older = size_of_val(&*self.older);
        ENTRY_WEIGHT + places + older + self.projection_weight
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

    /// How many documents lie after the watermark, and of how many traces there are no others.
    pub(super) fn beyond(&self, watermark: Position) -> (u64, u64) {
        let (mut documents, mut traces) = (0, 0);
        for entry in self.traces.values() {
            let at_rest = entry
                .places
                .partition_point(|place| place.position < watermark);
            documents += (entry.places.len() - at_rest) as u64;
            traces += u64::from(at_rest == 0 && entry.rest != Rest::Something);
        }
        (documents, traces)
    }

    /// Says that of what lies up to here some may be at rest that is not held.
    pub(super) fn begin_at(&mut self, watermark: Position) {
        self.evicted_up_to = self.evicted_up_to.max(watermark);
    }

    /// From here on, all documents are of traces that are held, or gone for good.
    pub(super) fn held_from(&self) -> Position {
        Position::from_bits(self.evicted_up_to.bits() + 1)
    }

    /// Whether the trace could be found here when there had been so many changes, however it is now.
    pub(super) fn had(&self, trace: TraceId, generation: u64) -> bool {
        let held = self.traces.get(&trace).map(|entry| entry.readable_since);
        let then = self.evicted.get(&trace);
        held.is_some_and(|since| since != 0 && since <= generation)
            || then.is_some_and(|then| then.iter().any(|found| found.contains(&generation)))
    }

    /// How a trace stands to what is at rest, and to a flush of what lies up to a position; `None` when nobody has looked.
    pub(super) fn at_flush(
        &self,
        trace: TraceId,
        watermark: Position,
        up_to: Position,
    ) -> Option<AtFlush> {
        let entry = self.traces.get(&trace);
        let entry = entry.filter(|entry| entry.rest != Rest::Unknown)?;
        let last = entry.places.last();
        let receipts = entry.places.iter().map(|place| place.at);
        let receipts = receipts.chain(entry.older.iter().copied());
        Some(AtFlush {
            at_rest: entry.at_rest(watermark),
            is_whole: last.is_some_and(|last| last.position < up_to),
            last_received: receipts.max().unwrap_or(TimestampMicros(i64::MIN)),
        })
    }

    /// The traces of which something was received in the range and something, then or not, is not at rest yet. One of which
    /// something is at rest that nobody has looked at came this very moment, and is passed over.
    pub(super) fn news(
        &self,
        range: &Range<TimestampMicros>,
        watermark: Position,
    ) -> impl Iterator<Item = News> {
        let received = self.received(range);
        received.filter_map(move |trace| {
            let entry = self.traces.get(&trace)?;
            let last = entry.places.last();
            if entry.rest == Rest::Unknown || last.is_none_or(|last| last.position < watermark) {
                return None;
            }
            Some(News {
                trace,
                projection: entry.projection.clone(),
                may_be_at_rest: entry
                    .at_rest(watermark)
                    .is_none_or(|(documents, _)| documents > 0),
            })
        })
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
                    rest: entry.rest,
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
    pub(super) fn set_projection(
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

    /// Makes room until all takes at most `limit` bytes, as far as that is possible without a loss: the oldest traces go
    /// that are at rest as a whole, before the watermark; then the oldest projections, which can be made again. Who looks is
    /// told by [`Index::had`] what was here.
    pub(super) fn shrink_to(&mut self, limit: usize, watermark: Position, nobody_looks: bool) {
        if nobody_looks {
            self.evicted = HashMap::new();
        }
        if self.weight > limit {
            self.evict(limit, watermark, nobody_looks);
        }
        while self.weight > limit
            && let Some((_, trace)) = self.warm.pop_first()
        {
            if let Some(entry) = self.traces.get_mut(&trace) {
                entry.projection = None;
                entry.projection_weight = 0;
            }
            self.reweigh(trace);
        }
    }

    /// Lets go of the oldest traces that are at rest as they are here, until all takes at most `limit` bytes. Nobody is told:
    /// they are not gone.
    pub(super) fn evict(&mut self, limit: usize, watermark: Position, nobody_looks: bool) {
        let before = self.by_first.range(..watermark);
        let mut weight = self.weight;
        let mut due = Vec::new();
        for (first, trace) in before {
            if weight <= limit {
                break;
            }
            let Some(entry) = self.traces.get(trace) else {
                continue;
            };
            let last = entry.places.last();
            let is_at_rest = last.is_some_and(|last| last.position < watermark);
            if is_at_rest && !self.stale.contains_key(trace) {
                weight -= entry.weight;
                due.push((*first, *trace));
            }
        }
        for (first, trace) in due {
            self.by_first.remove(&first);
            self.warm.remove(&first);
            if let Some(entry) = self.traces.get_mut(&trace) {
                self.documents -= entry.places.len();
                let last = entry.places.last().map(|last| last.position);
                self.evicted_up_to = self.evicted_up_to.max(last.unwrap_or_default());
                // Nobody has to be told.
                entry.projected = 0;
                let older = entry.older.iter().map(|at| at.floor_minute());
                for minute in entry.places.iter().map(Place::minute).chain(older) {
                    self.by_received.remove(&(minute, trace));
                }
                if !nobody_looks && entry.readable_since != 0 {
                    self.generations += 1;
                    let found = entry.readable_since..self.generations;
                    self.evicted.entry(trace).or_default().push(found);
                }
            }
            self.forget(trace);
        }
    }

    /// Lets go of every document whose position lies in the range: it is not at rest any more.
    pub(super) fn cut(&mut self, range: &Range<Position>) {
        let before = self.by_first.range(..range.end);
        let traces: Vec<TraceId> = before.map(|(_, trace)| *trace).collect();
        for trace in traces {
            self.retain(trace, |place| !range.contains(&place.position));
        }
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
            let is_left = entry.places.iter().any(|place| place.minute() == minute)
                || entry.older.iter().any(|at| at.floor_minute() == minute);
            if !is_left {
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

    /// Notes that traces are gone that were at rest.
    pub(super) fn note_forgotten(&mut self, traces: Vec<TraceId>) {
        if self.observed {
            let noted: HashSet<TraceId> = self.forgotten.iter().copied().collect();
            let is_news =
                |trace: &TraceId| !self.traces.contains_key(trace) && !noted.contains(trace);
            let news = traces.into_iter().filter(is_news);
            self.forgotten.extend(news);
        }
    }

    /// When the oldest document came in.
    pub(super) fn held_since(&self) -> Option<TimestampMicros> {
        let (_, oldest) = self.by_first.first_key_value()?;
        let first = self.traces.get(oldest)?.places.first()?;
        Some(first.at)
    }

    /// Removes the trace from everywhere but where its first document stood.
    fn forget(&mut self, trace: TraceId) {
        self.stale.remove(&trace);
        let Some(entry) = self.traces.remove(&trace) else {
            return;
        };
        for at in &entry.older {
            self.by_received.remove(&(at.floor_minute(), trace));
        }
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

pub(super) fn start_of(projection: &Projection) -> Option<TimestampMicros> {
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
