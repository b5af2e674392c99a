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
pub(super) struct Maker;

/// The tallies of a block in the making: of all traces under no name, of each group's under its key.
#[derive(Debug, Default)]
struct Building(HashMap<Box<str>, HashMap<i64, Tally>>);

// === impl Maker ===

impl RollupMaker for Maker {
    fn form(&self) -> u32 {
        FORM
    }

    fn begin(&self) -> Box<dyn RollupBuilder> {
        Box::<Building>::default()
    }

    fn merge(&self, parts: &[Bytes]) -> Option<Bytes> {
        let mut tally = Tally::default();
        for part in parts {
            tally.merge_bytes(part)?;
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

    fn add_to(&mut self, of: &str, projection: &Projection, joined: Joined, weight: i64) {
        let at = times(projection).into_iter();
        let minutes: BTreeSet<i64> = at.map(|at| at.max(joined.at).floor_minute()).collect();
        if !self.0.contains_key(of) {
            self.0.insert(of.into(), HashMap::new());
        }
        let Some(tallies) = self.0.get_mut(of) else {
            return;
        };
        for minute in minutes {
            let range = minute_range(minute);
            let tally = tallies.entry(minute).or_default();
            let is_meant = |at| range.contains(&at);
            tally.add(projection, joined, weight, range.end, is_meant);
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

    fn finish(self: Box<Self>) -> Parts {
        let of_each = self.0.into_iter().map(|(of, tallies)| {
            let told = tallies.into_iter().filter(|(_, tally)| !tally.is_empty());
            let told = told.map(|(minute, tally)| (minute, tally.to_bytes().into()));
            (of, told.collect())
        });
        of_each.collect()
    }
}
