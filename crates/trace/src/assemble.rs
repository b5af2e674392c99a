//! Assembly: from documents, in the order in which they came in, to one tree.
//!
//! The rules are recorded ones. An entity is known by its id; in progress it may be replaced, completed it is frozen
//! with what it carried, and the first completion wins, whichever document brought it. A subsegment belongs where
//! its parent is, also when it was sent on its own; one whose parent has not come is kept but not shown.

use std::sync::Arc;

use fluoro_model::document::{Entity, Kind, SegmentFields};
use fluoro_model::{Document, EpochSeconds, SegmentId, TimestampMicros, TraceId};
use foldhash::{HashMap, HashMapExt};

/// A document and when it came in. All documents of one delivery have the same time.
#[derive(Debug, Clone)]
pub struct Received {
    /// What came in.
    pub document: Arc<Document>,
    /// When.
    pub at: TimestampMicros,
}

/// An assembled trace. It borrows its documents: what is wanted of it is taken out as [`segments`](Self::segments)
/// or as its [`projection`](Self::projection).
#[derive(Debug)]
pub struct Trace<'a> {
    pub(crate) id: TraceId,
    pub(crate) entries: Vec<Entry<'a>>,
    pub(crate) by_id: HashMap<SegmentId, usize>,
    /// Segments by start, then id.
    pub(crate) segments: Vec<usize>,
    pub(crate) receipts: Receipts,
}

/// An entity in its place.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) entity: &'a Entity,
    pub(crate) place: Place<'a>,
    /// When anything was first known of it.
    pub(crate) first_received: TimestampMicros,
    /// When its completion came; while in progress, as `first_received`.
    pub(crate) received: TimestampMicros,
    /// Its subsegments, by start, then id.
    pub(crate) subsegments: Vec<usize>,
    /// Segments that name it as their parent, by start, then id.
    pub(crate) callees: Vec<usize>,
    /// The segment that it is, or is a part of; `None` when a parent has not come.
    pub(crate) segment: Option<usize>,
}

/// Where an entity belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    Segment(&'a SegmentFields),
    Subsegment(SegmentId),
}

/// When documents that changed something came in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Receipts {
    pub(crate) deliveries: u32,
    pub(crate) first: Option<TimestampMicros>,
    pub(crate) last: Option<TimestampMicros>,
}

// === impl Trace ===

impl<'a> Trace<'a> {
    /// Assembles the trace `id` from all of its documents, in any order; those of other traces are passed over.
    ///
    /// Documents received at the same time count as received in the order of the slice, which matters only when two
    /// of them contradict each other.
    #[must_use]
    pub fn assemble(id: TraceId, documents: &'a [Received]) -> Self {
        let mut trace = Self {
            id,
            entries: Vec::with_capacity(documents.len()),
            by_id: HashMap::with_capacity(documents.len()),
            segments: Vec::new(),
            receipts: Receipts::default(),
        };
        let mut in_order: Vec<_> = documents
            .iter()
            .filter(|received| received.document.trace_id == id)
            .collect();
        in_order.sort_by_key(|received| received.at);
        let mut carriers = Vec::new();
        for received in in_order {
            let place = match &received.document.kind {
                Kind::Segment(fields) => Place::Segment(fields),
                Kind::Subsegment { parent_id } => Place::Subsegment(*parent_id),
            };
            let entity = &received.document.entity;
            let changed = trace.take(entity, place, received.at, &mut carriers);
            trace.receipts.note(received.at, changed);
        }
        trace.link();
        trace
    }

    /// The trace's id.
    #[must_use]
    pub const fn id(&self) -> TraceId {
        self.id
    }

    /// Seconds from the earliest start to the latest end of all segments and shown subsegments.
    ///
    /// What is in progress counts by its start, a start at or before the epoch not at all. `None` while nothing has
    /// ended, or when negative (recorded).
    #[must_use]
    pub fn duration(&self) -> Option<f64> {
        let shown = || self.entries.iter().filter(|entry| entry.segment.is_some());
        let starts = shown().map(|entry| entry.entity.start);
        let start = starts.filter(|start| start.seconds() > 0.0).min()?;
        let end = shown().filter_map(|entry| entry.entity.end).max()?;
        Some(end.since(start)).filter(|duration| *duration >= 0.0)
    }

    /// The earliest start of a segment; one at or before the epoch only when there is no other.
    #[must_use]
    pub fn start(&self) -> Option<EpochSeconds> {
        let starts = || {
            self.segments
                .iter()
                .map(|&index| self.entries[index].entity.start)
        };
        let after_epoch = starts().find(|start| start.seconds() > 0.0);
        after_epoch.or_else(|| starts().next())
    }

    /// The entity that `entry` names as its parent, if it has come.
    pub(crate) fn parent(&self, entry: &Entry<'_>) -> Option<usize> {
        self.by_id.get(&entry.place.parent_id()?).copied()
    }

    /// The segment at `index` and its subsegments, outer ones first, siblings by start.
    pub(crate) fn family(&self, index: usize) -> impl Iterator<Item = usize> {
        let mut rest = vec![index];
        std::iter::from_fn(move || {
            let next = rest.pop()?;
            rest.extend(self.entries[next].subsegments.iter().rev());
            Some(next)
        })
    }

    /// Takes one copy of an entity and what it carries, but for what has the id of one of its carriers; whether that changed
    /// anything.
    ///
    /// Recursion is as deep as the document, which its parser bounds.
    fn take(
        &mut self,
        entity: &'a Entity,
        place: Place<'a>,
        at: TimestampMicros,
        carriers: &mut Vec<SegmentId>,
    ) -> bool {
        match self.by_id.get(&entity.id) {
            None => {
                self.by_id.insert(entity.id, self.entries.len());
                self.entries.push(Entry::new(entity, place, at));
            }
            Some(&known) => {
                let entry = &mut self.entries[known];
                if !entry.entity.is_open() {
                    return false;
                }
                entry.entity = entity;
                entry.place = place;
                if !entity.is_open() {
                    entry.received = at;
                }
            }
        }
        carriers.push(entity.id);
        for child in &entity.subsegments {
            if !carriers.contains(&child.id) {
                self.take(child, Place::Subsegment(entity.id), at, carriers);
            }
        }
        carriers.pop();
        true
    }

    /// Joins entities with their parents, now that all are known.
    fn link(&mut self) {
        let mut by_start: Vec<usize> = (0..self.entries.len()).collect();
        by_start.sort_by_key(|&index| {
            let entity = self.entries[index].entity;
            (entity.start, entity.id)
        });
        for &index in &by_start {
            let entry = &self.entries[index];
            let is_segment = entry.place.is_segment();
            let parent = self.parent(entry).filter(|&parent| parent != index);
            match (is_segment, parent) {
                (true, Some(parent)) => self.entries[parent].callees.push(index),
                (false, Some(parent)) => self.entries[parent].subsegments.push(index),
                (_, None) => {}
            }
            if is_segment {
                self.segments.push(index);
            }
        }
        for segment in self.segments.clone() {
            let family: Vec<usize> = self.family(segment).collect();
            for index in family {
                self.entries[index].segment = Some(segment);
            }
        }
    }
}

// === impl Entry ===

impl<'a> Entry<'a> {
    fn new(entity: &'a Entity, place: Place<'a>, at: TimestampMicros) -> Self {
        Self {
            entity,
            place,
            first_received: at,
            received: at,
            subsegments: Vec::new(),
            callees: Vec::new(),
            segment: None,
        }
    }
}

// === impl Place ===

impl<'a> Place<'a> {
    pub(crate) const fn is_segment(self) -> bool {
        matches!(self, Self::Segment(_))
    }

    pub(crate) const fn fields(self) -> Option<&'a SegmentFields> {
        match self {
            Self::Segment(fields) => Some(fields),
            Self::Subsegment(_) => None,
        }
    }

    pub(crate) const fn parent_id(self) -> Option<SegmentId> {
        match self {
            Self::Segment(fields) => fields.parent_id,
            Self::Subsegment(parent_id) => Some(parent_id),
        }
    }
}

// === impl Receipts ===

impl Receipts {
    /// Notes a document; they come by time.
    fn note(&mut self, at: TimestampMicros, changed: bool) {
        self.first.get_or_insert(at);
        if changed && self.last.is_none_or(|last| last < at) {
            self.deliveries += 1;
            self.last = Some(at);
        }
    }
}

#[cfg(test)]
mod tests;
