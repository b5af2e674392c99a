//! Who sent the documents that name a parent: to be told when the parent never comes.

use std::collections::{BTreeMap, HashMap, VecDeque};

use fluoro_model::document::{Document, Kind};
use fluoro_model::{SegmentId, TraceId};
use parking_lot::Mutex;

use crate::ledger::{Cause, LedgerLine};
use crate::sink::Source;

/// How many documents' senders are remembered; of older ones only the number of orphans is known.
const REMEMBERED: usize = 50_000;

/// How many senders are told apart.
const SOURCES: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Origins {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    sources: Vec<Source>,
    numbers: HashMap<Source, usize>,
    by_id: HashMap<(TraceId, SegmentId), usize>,
    order: VecDeque<(TraceId, SegmentId)>,
}

// === impl Origins ===

impl Origins {
    /// Remembers who sent a document, if it names a parent.
    pub(crate) fn note(&self, source: &Source, document: &Document) {
        let names_a_parent = match &document.kind {
            Kind::Segment(segment) => segment.parent_id.is_some(),
            Kind::Subsegment { .. } => true,
        };
        if !names_a_parent {
            return;
        }
        let mut held = self.held.lock();
        let Some(number) = held.number(source) else {
            return;
        };
        let key = (document.trace_id, document.entity.id);
        if held.by_id.insert(key, number).is_none() {
            held.order.push_back(key);
        }
        if held.order.len() > REMEMBERED
            && let Some(oldest) = held.order.pop_front()
        {
            held.by_id.remove(&oldest);
        }
    }

    /// Counts the orphans by sender.
    pub(crate) fn orphans(&self, orphans: &[(TraceId, SegmentId)]) -> Vec<LedgerLine> {
        let held = self.held.lock();
        let mut counts: BTreeMap<Option<&Source>, u64> = BTreeMap::new();
        for orphan in orphans {
            let source = held.by_id.get(orphan).map(|&number| &held.sources[number]);
            *counts.entry(source).or_default() += 1;
        }
        let lines = counts.into_iter().map(|(source, count)| match source {
            Some(source) => Cause::Orphaned.line(Some(source.door), source.client.clone(), count),
            None => Cause::Orphaned.line(None, "received earlier".to_owned(), count),
        });
        lines.collect()
    }
}

impl Held {
    /// The sender's number; `None` when there are too many to remember another.
    fn number(&mut self, source: &Source) -> Option<usize> {
        if let Some(number) = self.numbers.get(source) {
            return Some(*number);
        }
        let number = self.sources.len();
        if number >= SOURCES {
            return None;
        }
        self.sources.push(source.clone());
        self.numbers.insert(source.clone(), number);
        Some(number)
    }
}
