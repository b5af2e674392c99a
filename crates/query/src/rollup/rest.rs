//! Rollups at rest: what the store keeps with each block, made and merged.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use fluoro_store::hot::Membership;
use fluoro_store::rollups::{Parts, RollupBuilder, RollupMaker};
use fluoro_trace::Projection;

use super::minute_range;
use crate::graph::{Builder, FORM, Graph, times};
use crate::groups::Joined;

/// Makes graphs of minutes for the store to keep.
#[derive(Debug)]
pub(super) struct Maker;

/// The graphs of a block in the making: of all traces under no name, of each group's under its key.
#[derive(Debug, Default)]
struct Building(HashMap<Box<str>, HashMap<i64, Builder>>);

// === impl Maker ===

impl RollupMaker for Maker {
    fn form(&self) -> u32 {
        FORM
    }

    fn begin(&self) -> Box<dyn RollupBuilder> {
        Box::<Building>::default()
    }

    fn merge(&self, parts: &[Bytes]) -> Option<Bytes> {
        let mut graph = Graph::default();
        for part in parts {
            graph.merge_bytes(part)?;
        }
        Some(graph.to_bytes().into())
    }
}

// === impl Building ===

impl Building {
    fn add_to(&mut self, of: &str, projection: &Projection, joined: Joined) {
        let at = times(projection).into_iter();
        let minutes: BTreeSet<i64> = at.map(|at| at.max(joined.at).floor_minute()).collect();
        if !self.0.contains_key(of) {
            self.0.insert(of.into(), HashMap::new());
        }
        let Some(builders) = self.0.get_mut(of) else {
            return;
        };
        for minute in minutes {
            let range = minute_range(minute);
            let builder = builders.entry(minute).or_default();
            builder.add(projection, joined, |at| range.contains(&at));
        }
    }
}

impl RollupBuilder for Building {
    fn add(&mut self, projection: &Projection, groups: &[Membership]) {
        self.add_to("", projection, Joined::ALWAYS);
        for membership in groups {
            let joined = Joined {
                at: membership.joined,
                version: membership.version,
            };
            self.add_to(&membership.group, projection, joined);
        }
    }

    fn finish(self: Box<Self>) -> Parts {
        let of_each = self.0.into_iter().map(|(of, builders)| {
            let graphs = builders.into_iter().filter_map(|(minute, builder)| {
                let graph = builder.finish(minute_range(minute).end);
                let is_empty = graph.is_empty() && graph.passing_is_empty();
                (!is_empty).then(|| (minute, graph.to_bytes().into()))
            });
            (of, graphs.collect())
        });
        of_each.collect()
    }
}
