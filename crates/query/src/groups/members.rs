//! Which traces are members of which groups.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fluoro_filter::Filter;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_store::hot::Membership;
use fluoro_trace::Projection;

use super::record::GroupId;

/// How a trace became a member of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// With which update: what came in before counts as of this moment in the group (recorded).
    pub at: TimestampMicros,
    /// By which of the group's expressions.
    pub version: u32,
}

/// How many traces became members of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceCounts {
    /// All of which something was received since the start, or was found again at the start.
    pub total: u64,
    /// By minute since the epoch in which they became members, the latest of a day that had any.
    pub minutes: BTreeMap<i64, u64>,
}

/// How many minutes are counted apart: a day.
const MINUTES: usize = 24 * 60;

/// A group whose members are looked for.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) id: GroupId,
    /// What it is known by after a restart.
    pub(super) key: Box<str>,
    /// The oldest first.
    pub(super) versions: Arc<[Version]>,
}

/// An expression of a group.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) number: u32,
    /// Since when it decides.
    pub(super) since: TimestampMicros,
    pub(super) filter: Filter,
}

#[derive(Debug, Default)]
pub(super) struct Members {
    groups: HashMap<GroupId, OfGroup>,
    /// Of every trace: the default group's.
    all: TraceCounts,
}

#[derive(Debug)]
struct OfGroup {
    watched: Watched,
    joined: HashMap<TraceId, Joined>,
    counts: TraceCounts,
}

// === impl Joined ===

impl Joined {
    /// How every trace is a member of the default group.
    pub(crate) const ALWAYS: Self = Self {
        at: TimestampMicros(i64::MIN),
        version: 1,
    };
}

// === impl Members ===

impl Members {
    /// Looks for members of these groups from now on; the members of others are forgotten.
    pub(super) fn watch(&mut self, watched: Vec<Watched>) {
        let mut before = std::mem::take(&mut self.groups);
        self.groups = watched
            .into_iter()
            .map(|watched| {
                let group = match before.remove(&watched.id) {
                    Some(held) => OfGroup { watched, ..held },
                    None => OfGroup {
                        joined: HashMap::new(),
                        counts: TraceCounts::default(),
                        watched,
                    },
                };
                (group.watched.id, group)
            })
            .collect();
    }

    pub(super) fn is_watching(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Judges a trace that was received or updated.
    pub(super) fn update(&mut self, is_new: bool, now: &Projection) {
        if is_new {
            self.all.count(now.first_received);
        }
        for group in self.groups.values_mut() {
            if group.joined.contains_key(&now.id) {
                continue;
            }
            if let Some(joined) = group.watched.judge(now) {
                group.joined.insert(now.id, joined);
                group.counts.count(joined.at);
            }
        }
    }

    /// What of the trace is to be kept until the next start.
    pub(super) fn of(&self, trace: TraceId) -> Vec<Membership> {
        let groups = self.groups.values().filter_map(|group| {
            let joined = group.joined.get(&trace)?;
            Some(Membership {
                group: group.watched.key.clone(),
                joined: joined.at,
                version: joined.version,
            })
        });
        groups.collect()
    }

    /// Takes in what was kept of a trace.
    pub(super) fn restore(
        &mut self,
        trace: TraceId,
        received: TimestampMicros,
        kept: &[Membership],
    ) {
        self.all.count(received);
        for group in self.groups.values_mut() {
            let known = kept.iter().find(|kept| kept.group == group.watched.key);
            if let Some(membership) = known {
                let joined = Joined {
                    at: membership.joined,
                    version: membership.version,
                };
                group.joined.insert(trace, joined);
                group.counts.count(joined.at);
            }
        }
    }

    pub(super) fn forget(&mut self, trace: TraceId) {
        for group in self.groups.values_mut() {
            group.joined.remove(&trace);
        }
    }

    pub(super) fn joined(&self, group: GroupId, trace: TraceId) -> Option<Joined> {
        self.groups.get(&group)?.joined.get(&trace).copied()
    }

    /// What the group is known by where memberships are kept.
    pub(super) fn key(&self, group: GroupId) -> Option<Box<str>> {
        let group = self.groups.get(&group)?;
        Some(group.watched.key.clone())
    }

    /// The counts of a group; of every trace when `None`.
    pub(super) fn counts(&self, group: Option<GroupId>) -> TraceCounts {
        match group {
            None => self.all.clone(),
            Some(id) => {
                let group = self.groups.get(&id);
                group.map(|group| group.counts.clone()).unwrap_or_default()
            }
        }
    }
}

// === impl Watched ===

impl Watched {
    /// Whether the trace becomes a member with its last update: the expression decides that held when it was received.
    fn judge(&self, now: &Projection) -> Option<Joined> {
        let at = now.last_received;
        let in_force = self.versions.iter().rev();
        let version = in_force.into_iter().find(|version| version.since <= at)?;
        version.filter.matches(now).then_some(Joined {
            at,
            version: version.number,
        })
    }
}

// === impl TraceCounts ===

impl TraceCounts {
    fn count(&mut self, at: TimestampMicros) {
        self.total += 1;
        let minute = at.floor_minute();
        *self.minutes.entry(minute).or_default() += 1;
        if self.minutes.len() > MINUTES {
            self.minutes.pop_first();
        }
    }
}
