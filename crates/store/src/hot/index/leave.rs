//! What is let go, and who has to be told: to make room, because it is too old, or because it was lost.

use std::ops::Range;

use fluoro_model::TraceId;
use foldhash::{HashMap, HashMapExt, HashSet};

use super::Index;
use super::entry::Place;
use super::fresh::{QUIET_TURNS, replace};
use crate::log::Position;

// === impl Index ===

impl Index {
    /// Makes room, as far as that is possible without a loss: the oldest traces go that are at rest as a whole, before the
    /// watermark, until all takes at most the limits' lower bound of bytes. Beyond their upper bound the latest projections go,
    /// too, which can be made again; those of the oldest traces are what the flush under way is about to need. Who looks is told
    /// by [`Index::had`] what was here.
    pub(in crate::hot) fn shrink_to(
        &mut self,
        limits: Range<usize>,
        watermark: Position,
        nobody_looks: bool,
    ) {
        if nobody_looks {
            self.evicted = HashMap::new();
        }
        if self.weight > limits.start {
            self.evict(limits.start, watermark, nobody_looks);
        }
        while self.weight > limits.end
            && let Some((_, trace)) = self.warm.pop_last()
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
    pub(in crate::hot) fn evict(&mut self, limit: usize, watermark: Position, nobody_looks: bool) {
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
    pub(in crate::hot) fn cut(&mut self, range: &Range<Position>) {
        let before = self.by_first.range(..range.end);
        let traces: Vec<TraceId> = before.map(|(_, trace)| *trace).collect();
        for trace in traces {
            self.retain(trace, |place| !range.contains(&place.position));
        }
    }

    /// Forgets documents that the log could not give back; returns how many of them were held.
    pub(in crate::hot) fn lose(&mut self, trace: TraceId, lost: &[Position]) -> u64 {
        if lost.is_empty() {
            return 0;
        }
        self.retain(trace, |place| !lost.contains(&place.position))
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

    /// The traces that were let go since the last time.
    pub(in crate::hot) fn take_forgotten(&mut self) -> Vec<TraceId> {
        std::mem::take(&mut self.forgotten)
    }

    /// Notes that traces are gone that were at rest.
    pub(in crate::hot) fn note_forgotten(&mut self, traces: Vec<TraceId>) {
        if self.observed {
            let noted: HashSet<TraceId> = self.forgotten.iter().copied().collect();
            let is_news =
                |trace: &TraceId| !self.traces.contains_key(trace) && !noted.contains(trace);
            let news = traces.into_iter().filter(is_news);
            self.forgotten.extend(news);
        }
    }
}
