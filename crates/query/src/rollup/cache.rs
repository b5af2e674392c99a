//! The rollups that are kept, and what voids them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use fluoro_model::TraceId;
use fluoro_store::hot::ProjectionObserver;
use fluoro_store::rollups::RollupMaker;
use fluoro_trace::Projection;
use parking_lot::Mutex;

use super::rest::{MOST_AT_REST, Maker};
use super::{Members, TEN, Traces};
use crate::graph::{Graph, times};
use crate::groups::Joined;

/// The rollups that are kept. Told of every projection, and asked through [`Graphs`](super::Graphs).
#[derive(Debug)]
pub struct Rollups {
    members: Arc<dyn Members>,
    memory_bytes: usize,
    /// What the parts of a block may tell of.
    pub(super) most_at_rest: usize,
    kept: Mutex<Kept>,
}

/// What a rollup is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    Minute(i64),
    TenMinutes(i64),
}

/// The right to keep what is made for a slot. Void as soon as a trace that contributes to it changes.
#[derive(Debug)]
pub(super) struct Claim {
    traces: Traces,
    slot: Slot,
    number: u64,
}

#[derive(Debug, Default)]
struct Kept {
    of: HashMap<Traces, HashMap<Slot, Entry>>,
    weight: usize,
    /// Counts claims and uses.
    clock: u64,
    /// The minutes in which something links to a trace, by that trace.
    dependent: HashMap<TraceId, BTreeSet<(Traces, i64)>>,
}

#[derive(Debug)]
enum Entry {
    Claimed(u64),
    Made {
        graph: Arc<Graph>,
        weight: usize,
        used: u64,
    },
}

/// Of so many traces it is known which minutes depend on them; beyond, all that is kept goes.
const DEPENDED_ON: usize = 65_536;

/// What an entry takes beside its graph.
const ENTRY_WEIGHT: usize = 96;

// === impl Rollups ===

impl Rollups {
    /// None yet; what is kept will take at most so much memory, roughly.
    #[must_use]
    pub fn new(members: Arc<dyn Members>, memory_bytes: usize) -> Self {
        Self {
            members,
            memory_bytes,
            most_at_rest: MOST_AT_REST,
            kept: Mutex::default(),
        }
    }

    /// The memory that is taken, in bytes, roughly.
    #[cfg(test)]
    pub(super) fn memory_bytes(&self) -> usize {
        self.kept.lock().weight
    }

    pub(super) fn get(&self, traces: Traces, slot: Slot) -> Option<Arc<Graph>> {
        let mut kept = self.kept.lock();
        kept.clock += 1;
        let now = kept.clock;
        match kept.of.get_mut(&traces)?.get_mut(&slot)? {
            Entry::Claimed(_) => None,
            Entry::Made { graph, used, .. } => {
                *used = now;
                Some(Arc::clone(graph))
            }
        }
    }

    /// Claims a slot; an earlier claim is void.
    pub(super) fn claim(&self, traces: Traces, slot: Slot) -> Claim {
        let mut kept = self.kept.lock();
        kept.clock += 1;
        let number = kept.clock;
        kept.put(traces, slot, Entry::Claimed(number));
        Claim {
            traces,
            slot,
            number,
        }
    }

    /// Keeps a graph, unless its claim is void.
    pub(super) fn keep(&self, claim: Claim, graph: &Arc<Graph>) {
        let weight = graph.weight();
        let mut kept = self.kept.lock();
        let slots = kept.of.get(&claim.traces);
        let entry = slots.and_then(|slots| slots.get(&claim.slot));
        if !matches!(entry, Some(Entry::Claimed(number)) if *number == claim.number) {
            return;
        }
        let made = Entry::Made {
            weight,
            graph: Arc::clone(graph),
            used: claim.number,
        };
        kept.put(claim.traces, claim.slot, made);
        kept.shrink_to(self.memory_bytes);
    }

    /// Notes that these minutes are void when one of the others changes.
    pub(super) fn depend(&self, traces: Traces, minutes: &[i64], others: &HashSet<TraceId>) {
        let mut kept = self.kept.lock();
        if kept.dependent.len() + others.len() > DEPENDED_ON {
            let clock = kept.clock;
            *kept = Kept {
                clock,
                ..Kept::default()
            };
        }
        for other in others {
            let dependent = kept.dependent.entry(*other).or_default();
            dependent.extend(minutes.iter().map(|minute| (traces, *minute)));
        }
    }

    /// What these traces are known by where parts are at rest; `None` when nowhere.
    pub(super) fn key(&self, traces: Traces) -> Option<Box<str>> {
        match traces {
            Traces::All => Some("".into()),
            Traces::Of(group) => self.members.key(group),
        }
    }

    /// Since when the trace is one of those meant; `None` when it is not.
    pub(super) fn joined(&self, traces: Traces, trace: TraceId) -> Option<Joined> {
        match traces {
            Traces::All => Some(Joined::ALWAYS),
            Traces::Of(group) => self.members.joined(group, trace),
        }
    }
}

impl ProjectionObserver for Rollups {
    /// Voids the minutes to which the trace contributed or contributes now.
    fn projected(&self, before: Option<&Arc<Projection>>, now: &Arc<Projection>) {
        let mut kept = self.kept.lock();
        if kept.of.is_empty() {
            return;
        }
        let mut at = times(now);
        if let Some(before) = before {
            at.extend(times(before));
        }
        for (traces, minute) in kept.dependent.remove(&now.id).unwrap_or_default() {
            kept.void(traces, minute);
        }
        let of: Vec<Traces> = kept.of.keys().copied().collect();
        for traces in of {
            let Some(joined) = self.joined(traces, now.id) else {
                continue;
            };
            let minutes = at.iter().map(|at| (*at).max(joined.at).floor_minute());
            for minute in minutes.collect::<BTreeSet<i64>>() {
                kept.void(traces, minute);
            }
        }
    }

    /// What was counted stays counted.
    fn forgotten(&self, _trace: TraceId) {}

    fn rollup_maker(&self) -> Option<Arc<dyn RollupMaker>> {
        Some(Arc::new(Maker {
            most: self.most_at_rest,
        }))
    }
}

// === impl Kept ===

impl Kept {
    fn put(&mut self, traces: Traces, slot: Slot, entry: Entry) {
        self.weight += entry.weight();
        let slots = self.of.entry(traces).or_default();
        if let Some(before) = slots.insert(slot, entry) {
            self.weight -= before.weight();
        }
    }

    fn void(&mut self, traces: Traces, minute: i64) {
        self.remove(traces, Slot::Minute(minute));
        self.remove(traces, Slot::TenMinutes(minute.div_euclid(TEN)));
    }

    fn remove(&mut self, traces: Traces, slot: Slot) {
        let Some(slots) = self.of.get_mut(&traces) else {
            return;
        };
        if let Some(before) = slots.remove(&slot) {
            self.weight -= before.weight();
        }
        if slots.is_empty() {
            self.of.remove(&traces);
        }
    }

    /// Lets go of those that were not used for longest, an eighth more than it must, so that it is not done every time.
    fn shrink_to(&mut self, limit: usize) {
        if self.weight <= limit {
            return;
        }
        let mut by_use: Vec<(u64, Traces, Slot)> = Vec::new();
        for (traces, slots) in &self.of {
            by_use.extend(
                slots
                    .iter()
                    .map(|(slot, entry)| (entry.used(), *traces, *slot)),
            );
        }
        by_use.sort_unstable_by_key(|(used, ..)| *used);
        for (_, traces, slot) in by_use {
            if self.weight <= limit - limit / 8 {
                break;
            }
            self.remove(traces, slot);
        }
    }
}

impl Entry {
    fn used(&self) -> u64 {
        match self {
            Self::Claimed(used) | Self::Made { used, .. } => *used,
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Claimed(_) => ENTRY_WEIGHT,
            Self::Made { weight, .. } => ENTRY_WEIGHT + weight,
        }
    }
}
