//! Rollups at rest: what the store keeps with each block, made and merged.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use fluoro_store::hot::Membership;
use fluoro_store::rollups::{Parts, RollupBuilder, RollupMaker};
use fluoro_trace::Projection;

use super::minute_range;
use crate::graph::{FORM, Tally, times};
use crate::groups::Joined;

/// Makes tallies of minutes for the store to keep.
#[derive(Debug)]
pub(super) struct Maker {
    /// Of so many nodes, edges and messages under way a block's tallies tell at most, all together, and a merged one.
    pub(super) most: usize,
}

/// The tallies of a block in the making.
#[derive(Debug)]
struct Building {
    /// By minute: of all traces under no name, of each group's under its key.
    tallies: HashMap<Box<str>, HashMap<i64, Tally>>,
    /// How many nodes, edges and messages under way they tell of, all together.
    size: usize,
    /// Where there are more, there are no tallies.
    most: usize,
}

/// As [`Maker::most`]: a node takes 1 to 3 KB in the making. Where there are more, graphs are made of the traces again.
pub(super) const MOST_AT_REST: usize = 131_072;

// === impl Maker ===

impl RollupMaker for Maker {
    fn form(&self) -> u32 {
        FORM
    }

    fn begin(&self) -> Box<dyn RollupBuilder> {
        Box::new(Building {
            tallies: HashMap::new(),
            size: 0,
            most: self.most,
        })
    }

    fn merge(&self, parts: &[Bytes]) -> Option<Bytes> {
        let mut tally = Tally::default();
        for part in parts {
            tally.merge_bytes(part)?;
            if tally.size() > self.most {
                return None;
            }
        }
        Some(tally.to_bytes().into())
    }
}

// === impl Building ===

impl Building {
    fn add_all(&mut self, projection: &Projection, groups: &[Membership], weight: i64) {
        self.add_to("", projection, Joined::ALWAYS, weight);
        for membership in groups {
            let joined = joined(membership);
            self.add_to(&membership.group, projection, joined, weight);
        }
    }

    fn is_full(&self) -> bool {
        self.size > self.most
    }

    fn add_to(&mut self, of: &str, projection: &Projection, joined: Joined, weight: i64) {
        if self.is_full() {
            self.tallies = HashMap::new();
            return;
        }
        let at = times(projection).into_iter();
        let minutes: BTreeSet<i64> = at.map(|at| at.max(joined.at).floor_minute()).collect();
        if !self.tallies.contains_key(of) {
            self.tallies.insert(of.into(), HashMap::new());
        }
        let Some(tallies) = self.tallies.get_mut(of) else {
            return;
        };
        for minute in minutes {
            let range = minute_range(minute);
            let tally = tallies.entry(minute).or_default();
            let is_meant = |at| range.contains(&at);
            let before = tally.size();
            tally.add(projection, joined, weight, range.end, is_meant);
            self.size += tally.size().saturating_sub(before);
        }
    }
}

/// How a trace is a member, as it was kept.
pub(super) fn joined(membership: &Membership) -> Joined {
    Joined {
        at: membership.joined,
        version: membership.version,
    }
}

impl RollupBuilder for Building {
    fn add(&mut self, projection: &Projection, groups: &[Membership]) {
        self.add_all(projection, groups, 1);
    }

    fn take_away(&mut self, projection: &Projection, groups: &[Membership]) {
        self.add_all(projection, groups, -1);
    }

    fn finish(self: Box<Self>) -> Option<Parts> {
        if self.is_full() {
            return None;
        }
        let of_each = self.tallies.into_iter().map(|(of, tallies)| {
            let told = tallies.into_iter().filter(|(_, tally)| !tally.is_empty());
            let told = told.map(|(minute, tally)| (minute, tally.to_bytes().into()));
            (of, told.collect())
        });
        Some(of_each.collect())
    }
}
