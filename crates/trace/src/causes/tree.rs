//! The trace as one tree: from a segment through its subsegments to the segments that they called.

use fluoro_model::document::Entity;

use crate::assemble::Trace;

/// Entities in depth-first order, callers before callees.
///
/// What is in no segment, or in segments that call each other in a circle, is not in the tree.
pub(super) struct Tree<'t> {
    pub(super) trace: &'t Trace<'t>,
    /// Entries in the order of the tree.
    order: Vec<usize>,
    /// Where each entry stands in `order`.
    place: Vec<Option<usize>>,
    /// For each place, the place behind the last of what lies below it.
    behind: Vec<usize>,
}

impl<'t> Tree<'t> {
    pub(super) fn new(trace: &'t Trace<'t>) -> Self {
        let mut tree = Self {
            trace,
            order: Vec::with_capacity(trace.entries.len()),
            place: vec![None; trace.entries.len()],
            behind: Vec::new(),
        };
        let mut rest: Vec<usize> = tree.tops().collect();
        rest.reverse();
        while let Some(index) = rest.pop() {
            tree.place[index] = Some(tree.order.len());
            tree.order.push(index);
            rest.extend(tree.below(index).rev());
        }
        tree.behind = (1..=tree.order.len()).collect();
        for place in (0..tree.order.len()).rev() {
            let above = tree.above(tree.order[place]);
            if let Some(above) = above.and_then(|above| tree.place[above]) {
                tree.behind[above] = tree.behind[above].max(tree.behind[place]);
            }
        }
        tree
    }

    /// Segments that nobody we know of called, by start.
    pub(super) fn tops(&self) -> impl Iterator<Item = usize> {
        let trace = self.trace;
        let segments = trace.segments.iter().copied();
        segments.filter(move |&index| {
            let caller = trace.parent(&trace.entries[index]);
            caller.is_none_or(|caller| trace.entries[caller].segment.is_none())
        })
    }

    /// All entries, callers before callees.
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.order.iter().copied()
    }

    /// The subsegments of an entry, then the segments that it called.
    pub(super) fn below(&self, index: usize) -> impl DoubleEndedIterator<Item = usize> + use<'t> {
        let entry = &self.trace.entries[index];
        entry.subsegments.iter().chain(&entry.callees).copied()
    }

    /// What an entry is a part of, or was called by.
    pub(super) fn above(&self, index: usize) -> Option<usize> {
        self.trace.parent(&self.trace.entries[index])
    }

    /// Whether `lower` lies somewhere below `upper`.
    pub(super) fn is_below(&self, lower: usize, upper: usize) -> bool {
        match (self.place[lower], self.place[upper]) {
            (Some(lower), Some(upper)) => upper < lower && lower < self.behind[upper],
            _ => false,
        }
    }

    pub(super) fn entity(&self, index: usize) -> &'t Entity {
        self.trace.entries[index].entity
    }

    /// The segment that an entry is, or is a part of.
    pub(super) fn segment(&self, index: usize) -> Option<usize> {
        self.trace.entries[index].segment
    }

    pub(super) fn is_segment(&self, index: usize) -> bool {
        self.trace.entries[index].place.is_segment()
    }

    /// Whether an entry is a call: it says so, or somebody answered it.
    pub(super) fn is_call(&self, index: usize) -> bool {
        let says_so = matches!(
            self.entity(index).namespace.as_deref(),
            Some("aws" | "remote")
        );
        !self.is_segment(index) && (says_so || !self.trace.entries[index].callees.is_empty())
    }
}
