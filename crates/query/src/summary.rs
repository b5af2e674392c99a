//! Trace summaries: what a list of traces tells about each, and pages of them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use fluoro_model::document::AnnotationValue;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_store::scan::Found;
use fluoro_trace::Projection;
use fluoro_trace::projection::{HttpFacts, Node, Observation, Outcome};
use serde::{Deserialize, Serialize};

use crate::selection::Selection;
use crate::time_range::TimeRangeType;

#[cfg(test)]
pub(crate) mod tests;

/// The place of a trace in a list that goes back in time: what a paging token holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position(pub TimestampMicros, pub TraceId);

/// Some traces, the latest first.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The traces.
    pub traces: Vec<Arc<Projection>>,
    /// How many were looked at for it, those not wanted included.
    pub processed: u64,
    /// The last one's position, when there are more; the next page begins after it.
    pub next: Option<Position>,
}

/// What a summary tells beyond the projection's own members.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    projection: &'a Projection,
}

impl Page {
    /// Adds the traces of a selection after a position, until there are `limit` of those that are wanted. When the scan found
    /// only the latest ([`Found::rest`]) and the page is not full, it is not whole: go on with what comes after them.
    ///
    /// Pages do not depend on `wanted`: a client may change what it wants from page to page with the same tokens.
    pub fn extend(
        &mut self,
        selection: &Selection,
        found: Found,
        after: Option<Position>,
        limit: usize,
        wanted: impl Fn(TraceId) -> bool,
    ) {
        let mut ahead: Vec<(Position, usize)> = Vec::new();
        let mut traces = Vec::with_capacity(found.projections.len());
        for (number, projection) in found.projections.into_iter().enumerate() {
            if let Some(time) = selection.place(&projection) {
                let position = Position(time, projection.id);
                if after.is_none_or(|after| position < after) {
                    ahead.push((position, number));
                }
            }
            traces.push(Some(projection));
        }
        // Scans by start find the latest first: what is in order already is sorted at once.
        ahead.sort_unstable_by(|one, other| other.cmp(one));
        let mut ahead = ahead.into_iter();
        while self.traces.len() < limit {
            let Some((position, number)) = ahead.next() else {
                self.next = None;
                break;
            };
            self.processed += 1;
            let projection = traces[number].take().expect("each number occurs once");
            // Between two scans, an earlier segment may have moved a trace that is on the page.
            let is_new = |held: &Arc<Projection>| held.id != projection.id;
            if wanted(projection.id)
                && selection.matched(&projection).is_some()
                && self.traces.iter().all(is_new)
            {
                self.traces.push(projection);
            }
            self.next = (found.rest.is_some() || ahead.len() > 0).then_some(position);
        }
        // What was passed over counts on the page on which it would have been looked at.
        let passed_over = found.passed_over.into_iter().filter(|(time, _)| {
            let is_after = after.is_none_or(|after| *time <= after.0);
            let is_before = self.next.is_none_or(|next| *time > next.0);
            is_after && is_before && selection.range.holds(*time)
        });
        self.processed += passed_over.map(|(_, traces)| traces).sum::<u64>();
    }
}

impl<'a> Summary<'a> {
    /// The summary of this trace.
    #[must_use]
    pub fn of(projection: &'a Projection) -> Self {
        Self { projection }
    }

    /// How the root ended; what became of its callees does not count (recorded).
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let root = self.projection.root();
        root.map(|root| root.outcome).unwrap_or_default()
    }

    /// The root's HTTP request; nothing of it where there is no root or it tells none.
    #[must_use]
    pub fn http(&self) -> HttpFacts {
        let root = self.projection.root();
        root.and_then(|root| root.http.clone()).unwrap_or_default()
    }

    /// The service at which the trace began.
    #[must_use]
    pub fn entry_point(&self) -> Option<&'a Node> {
        let root = self.projection.root()?;
        Some(self.projection.node(root.node))
    }

    /// Each annotation's distinct values, in the order found.
    #[must_use]
    pub fn annotations(&self) -> BTreeMap<&'a str, Vec<&'a AnnotationValue>> {
        let mut found: BTreeMap<&str, Vec<&AnnotationValue>> = BTreeMap::new();
        for observation in &self.projection.observations {
            for (key, value) in &observation.annotations {
                let values = found.entry(key).or_default();
                if !values.contains(&value) {
                    values.push(value);
                }
            }
        }
        found
    }

    /// The distinct users of all segments.
    #[must_use]
    pub fn users(&self) -> Vec<&'a str> {
        self.distinct(|seen| seen.user.as_deref())
    }

    /// The distinct `resource_arn` of all segments.
    #[must_use]
    pub fn resource_arns(&self) -> Vec<&'a str> {
        self.distinct(|seen| seen.resource_arn.as_deref())
    }

    /// The distinct EC2 instances.
    #[must_use]
    pub fn instance_ids(&self) -> Vec<&'a str> {
        self.distinct(|seen| seen.instance_id.as_deref())
    }

    /// The distinct availability zones.
    #[must_use]
    pub fn availability_zones(&self) -> Vec<&'a str> {
        self.distinct(|seen| seen.availability_zone.as_deref())
    }

    /// When the trace was last updated, to the second: what matched, for ranges that are about receipt.
    #[must_use]
    pub fn matched_event_time(&self, by: TimeRangeType) -> Option<i64> {
        match by {
            TimeRangeType::TraceId => None,
            TimeRangeType::Event | TimeRangeType::Service => {
                Some(self.projection.last_received.floor_second())
            }
        }
    }

    fn distinct(&self, of: impl Fn(&'a Observation) -> Option<&'a str>) -> Vec<&'a str> {
        let mut seen = HashSet::new();
        let values = self.projection.observations.iter().filter_map(of);
        values.filter(|value| seen.insert(*value)).collect()
    }
}
