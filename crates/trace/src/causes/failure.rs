//! Root causes of faults and of errors.
//!
//! A flag or a status alone is no cause: a path ends at the deepest flagged entity that recorded an exception, or at
//! a silent callee that failed, which goes before exceptions of the same service. A `cause` that is text names an
//! exception of the trace and leads to the entity that recorded it, ahead of all that. (Recorded.)

use std::collections::HashMap;

use fluoro_model::document::Cause;

use super::tree::Tree;
use super::{CauseException, CauseService, FailedEntity, Nodes, RootCause};
use crate::project::outcome;
use crate::projection::Outcome;

/// Root causes of one kind of failure.
pub(super) struct Failures<'t> {
    tree: &'t Tree<'t>,
    nodes: &'t Nodes,
    flagged: fn(Outcome) -> bool,
    /// Who recorded which exception.
    recorded: HashMap<&'t str, usize>,
    /// The way from each flagged entry to its cause, if there is one.
    ways: HashMap<usize, Way>,
}

/// Where the cause of an entry's failure lies.
#[derive(Debug, Clone, Copy)]
struct Way {
    step: Step,
    /// It leads to another service.
    leaves: bool,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Here.
    Here,
    /// Below this child.
    Into(usize),
    /// At the entry, somewhere below, that recorded the exception referred to.
    To(usize),
}

impl<'t> Failures<'t> {
    /// The paths, those of earlier roots first.
    pub(super) fn find(
        tree: &'t Tree<'t>,
        nodes: &'t Nodes,
        flagged: fn(Outcome) -> bool,
    ) -> Vec<RootCause<FailedEntity>> {
        if !tree
            .entries()
            .any(|index| flagged(outcome(tree.entity(index))))
        {
            return Vec::new();
        }
        let mut failures = Self {
            tree,
            nodes,
            flagged,
            recorded: HashMap::new(),
            ways: HashMap::new(),
        };
        for index in tree.entries() {
            for id in exception_ids(tree.entity(index).cause.as_ref()) {
                failures.recorded.entry(id).or_insert(index);
            }
        }
        for index in tree.entries().rev() {
            if let Some(way) = failures.way(index) {
                failures.ways.insert(index, way);
            }
        }
        failures.paths()
    }

    fn is_flagged(&self, index: usize) -> bool {
        (self.flagged)(outcome(self.tree.entity(index)))
    }

    fn is_silent_failure(&self, index: usize) -> bool {
        !self.tree.is_segment(index) && self.nodes.contains_key(&index) && self.is_flagged(index)
    }

    /// The way from an entry, once those of all that lies below are known.
    fn way(&self, index: usize) -> Option<Way> {
        if !self.is_flagged(index) {
            return None;
        }
        if let Some(Cause::Reference(id)) = &self.tree.entity(index).cause {
            let to = *self.recorded.get(&**id)?;
            return self.tree.is_below(to, index).then_some(Way {
                step: Step::To(to),
                leaves: true,
            });
        }
        let here = |leaves| Way {
            step: Step::Here,
            leaves,
        };
        if self.is_silent_failure(index) {
            return Some(here(true));
        }
        let below = self.tree.below(index).filter_map(|child| {
            let leaves = self.ways.get(&child)?.leaves || self.tree.is_segment(child);
            Some(Way {
                step: Step::Into(child),
                leaves,
            })
        });
        let best = below.reduce(|best, way| {
            if way.leaves && !best.leaves {
                way
            } else {
                best
            }
        });
        let owns = !exceptions(self.tree.entity(index).cause.as_ref()).is_empty();
        best.or_else(|| owns.then(|| here(false)))
    }

    fn paths(&self) -> Vec<RootCause<FailedEntity>> {
        let mut paths = Vec::new();
        let mut segments: Vec<usize> = self.tree.tops().collect();
        segments.reverse();
        while let Some(segment) = segments.pop() {
            let Some(way) = self.ways.get(&segment) else {
                // It did not fail, or not for a reason that we know: what it absorbed has paths of its own.
                for index in self.tree.trace.family(segment) {
                    if self.is_silent_failure(index) {
                        paths.extend(self.silent_alone(index));
                    }
                    segments.extend(&self.tree.trace.entries[index].callees);
                }
                continue;
            };
            let entries = self.entries_from(segment);
            paths.push(self.path(segment, &entries));
            if let Step::To(_) = way.step {
                let passed_over = self.tree.trace.family(segment).filter(|index| {
                    self.is_silent_failure(*index) && entries.last() != Some(index)
                });
                paths.extend(passed_over.filter_map(|index| self.silent_alone(index)));
            }
        }
        paths
    }

    /// The entries of the path that begins at a segment.
    fn entries_from(&self, segment: usize) -> Vec<usize> {
        let mut entries = vec![segment];
        let mut here = segment;
        loop {
            match self.ways.get(&here).map(|way| way.step) {
                None | Some(Step::Here) => return entries,
                Some(Step::Into(child)) => {
                    entries.push(child);
                    here = child;
                }
                Some(Step::To(target)) => {
                    let from = entries.len();
                    let mut climbing = Some(target);
                    while let Some(index) = climbing.filter(|index| *index != here) {
                        entries.push(index);
                        climbing = self.tree.above(index);
                    }
                    entries[from..].reverse();
                    return entries;
                }
            }
        }
    }

    fn path(&self, segment: usize, entries: &[usize]) -> RootCause<FailedEntity> {
        let mut services: Vec<CauseService<FailedEntity>> = Vec::new();
        for &index in entries {
            let entity = self.tree.entity(index);
            let step = FailedEntity {
                name: entity.name.clone(),
                remote: self.tree.is_call(index),
                exceptions: exceptions(entity.cause.as_ref()),
            };
            match services.last_mut() {
                Some(service) if !self.tree.is_segment(index) => service.entities.push(step),
                _ => services.extend(self.nodes.get(&index).map(|&node| CauseService {
                    node,
                    inferred: false,
                    entities: vec![step],
                })),
            }
        }
        let last = entries.last().filter(|last| self.is_silent_failure(**last));
        services.extend(last.and_then(|last| self.silent(*last)));
        let place = self.tree.trace.entries[segment].place;
        RootCause {
            client_impacting: place.parent_id().is_none(),
            services,
        }
    }

    /// The service at the other end of a silent call.
    fn silent(&self, call: usize) -> Option<CauseService<FailedEntity>> {
        let node = *self.nodes.get(&call)?;
        let entity = FailedEntity {
            name: self.tree.entity(call).name.clone(),
            remote: false,
            exceptions: Vec::new(),
        };
        Some(CauseService {
            node,
            inferred: true,
            entities: vec![entity],
        })
    }

    /// A silent callee whose failure went no further.
    fn silent_alone(&self, call: usize) -> Option<RootCause<FailedEntity>> {
        Some(RootCause {
            client_impacting: false,
            services: vec![self.silent(call)?],
        })
    }
}

fn exception_ids(cause: Option<&Cause>) -> impl Iterator<Item = &str> {
    let exceptions = match cause {
        Some(Cause::Recorded(recorded)) => recorded.exceptions.as_slice(),
        _ => &[],
    };
    exceptions
        .iter()
        .filter_map(|exception| exception.id.as_deref())
}

fn exceptions(cause: Option<&Cause>) -> Vec<CauseException> {
    let Some(Cause::Recorded(recorded)) = cause else {
        return Vec::new();
    };
    let told = recorded.exceptions.iter().map(|exception| CauseException {
        name: exception.kind.clone(),
        message: exception.message.clone(),
    });
    told.collect()
}
