//! Root causes of faults and of errors.
//!
//! A flag or a status alone is no cause: a path ends at the deepest flagged entity that recorded an exception, or at
//! a silent callee that failed, which goes before exceptions of the same service. A `cause` that is text names an
//! exception of the trace and leads to the entity that recorded it, ahead of all that. A failed service that no
//! failure above it leads to, because its caller absorbed it or refers to another one, has a path of its own.
//! (Recorded.)

use fluoro_model::document::Cause;
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

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
    /// The paths, those of earlier services first.
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
            for id in exception_ids(tree.entity(index).cause.as_deref()) {
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

    /// The entry below this one that recorded the exception to which its `cause` refers, if any did.
    fn referred(&self, index: usize) -> Option<usize> {
        let Some(Cause::Reference(id)) = self.tree.entity(index).cause.as_deref() else {
            return None;
        };
        let recorded = self.recorded.get(&**id).copied();
        recorded.filter(|to| self.tree.is_below(*to, index))
    }

    /// The way from an entry, once those of all that lies below are known.
    fn way(&self, index: usize) -> Option<Way> {
        if !self.is_flagged(index) {
            return None;
        }
        let here = |leaves| Way {
            step: Step::Here,
            leaves,
        };
        if let Some(to) = self.referred(index) {
            return Some(Way {
                step: Step::To(to),
                leaves: self.tree.segment(to) != self.tree.segment(index)
                    || self.is_silent_failure(to),
            });
        }
        if self.is_silent_failure(index) {
            return Some(here(true));
        }
        if let Some(Cause::Reference(_)) = self.tree.entity(index).cause.as_deref() {
            return None;
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
        let owns = !exceptions(self.tree.entity(index).cause.as_deref()).is_empty();
        best.or_else(|| owns.then(|| here(false)))
    }

    /// One path for each failed service that no failure above it leads to.
    fn paths(&self) -> Vec<RootCause<FailedEntity>> {
        let mut paths = Vec::new();
        let mut reached = HashSet::new();
        for index in self.tree.entries().filter(|index| self.is_flagged(*index)) {
            if reached.contains(&index) {
                continue;
            }
            if self.tree.is_segment(index) {
                self.reach(index, &mut reached);
                if self.ways.contains_key(&index) {
                    paths.push(self.path(index, &self.entries_from(index)));
                }
            } else if self.is_silent_failure(index) {
                paths.extend(self.silent_alone(index));
            }
        }
        paths
    }

    /// Adds all that the failure of a segment leads to: what failed below it, or, where a `cause` refers to an
    /// exception, the way to that one only.
    fn reach(&self, segment: usize, reached: &mut HashSet<usize>) {
        let mut rest = vec![segment];
        while let Some(index) = rest.pop() {
            reached.insert(index);
            match self.tree.entity(index).cause.as_deref() {
                Some(Cause::Reference(_)) => {
                    if let Some(Step::To(to)) = self.ways.get(&index).map(|way| way.step) {
                        reached.extend(self.chain(index, to).unwrap_or_default());
                        rest.extend(self.answered_with_failure(to));
                    }
                }
                _ => rest.extend(
                    self.tree
                        .below(index)
                        .filter(|child| self.is_flagged(*child)),
                ),
            }
        }
    }

    /// The entries of the path that begins at a segment.
    fn entries_from(&self, segment: usize) -> Vec<usize> {
        let mut entries = vec![segment];
        let mut next = Some(segment);
        while let Some(here) = next {
            next = match self.ways.get(&here).map(|way| way.step) {
                None | Some(Step::Here) => None,
                Some(Step::Into(child)) => Some(child),
                Some(Step::To(target)) => {
                    entries.extend(self.chain(here, target).unwrap_or_default());
                    self.answered_with_failure(target)
                }
            };
            entries.extend(next);
        }
        entries
    }

    /// The entries below `upper` that lead down to `lower`, itself included; `None` when it does not lie there.
    fn chain(&self, upper: usize, lower: usize) -> Option<Vec<usize>> {
        if !self.tree.is_below(lower, upper) {
            return None;
        }
        let climb = std::iter::successors(Some(lower), |index| self.tree.above(*index));
        let mut chain: Vec<usize> = climb.take_while(|index| *index != upper).collect();
        chain.reverse();
        Some(chain)
    }

    /// The service that a call reached, when it failed for a reason that we know.
    fn answered_with_failure(&self, call: usize) -> Option<usize> {
        let mut callees = self.tree.trace.entries[call].callees.iter();
        callees
            .find(|callee| self.ways.contains_key(*callee))
            .copied()
    }

    fn path(&self, segment: usize, entries: &[usize]) -> RootCause<FailedEntity> {
        let mut services: Vec<CauseService<FailedEntity>> = Vec::new();
        for &index in entries {
            let entity = self.tree.entity(index);
            let step = FailedEntity {
                name: entity.name.clone(),
                remote: self.tree.is_call(index),
                exceptions: exceptions(entity.cause.as_deref()),
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
