//! Trace summaries: what a list of traces tells about each, and pages of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluoro_model::document::AnnotationValue;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_store::scan::{Found, weight};
use fluoro_trace::Projection;
use fluoro_trace::projection::{HttpFacts, Node, Observation, Outcome};
use foldhash::{HashSet, HashSetExt};
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
    sifted: Sifted,
    /// What the traces take, those sifted included.
    bytes: usize,
}

/// What one scan brings to a page, as far as it was looked at. It comes in any order.
#[derive(Debug, Clone, Default)]
struct Sifted {
    /// The latest of those that belong on the page, as many as there is room for.
    chosen: BTreeMap<Position, Arc<Projection>>,
    /// All that were looked at; once the room is taken, those behind the last one chosen may be missing.
    seen: Vec<Position>,
    /// How many are noted until those behind are let go again.
    noted_at_most: usize,
    /// Whether some are behind the last one chosen.
    are_more: bool,
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
        self.sift(selection, found.projections, after, limit, wanted);
        self.close(
            selection,
            &found.passed_over,
            found.rest.is_some(),
            after,
            limit,
        );
    }

    /// Looks at some of the traces that a scan found, and keeps those that may be on the page; as [`extend`](Self::extend),
    /// which is this for all of them and then [`close`](Self::close).
    pub fn sift(
        &mut self,
        selection: &Selection,
        projections: impl IntoIterator<Item = Arc<Projection>>,
        after: Option<Position>,
        limit: usize,
        wanted: impl Fn(TraceId) -> bool,
    ) {
        let room = limit.saturating_sub(self.traces.len());
        for projection in projections {
            let Some(time) = selection.place(&projection) else {
                continue;
            };
            let position = Position(time, projection.id);
            if room == 0 || after.is_some_and(|after| position >= after) {
                continue;
            }
            if !self.sifted.note(position, room) {
                continue;
            }
            // Between two scans, an earlier segment may have moved a trace that is on the page.
            let is_new = |held: &Arc<Projection>| held.id != projection.id;
            if wanted(projection.id)
                && selection.matched(&projection).is_some()
                && self.traces.iter().all(is_new)
            {
                self.bytes += weight(&projection);
                let replaced = self.sifted.chosen.insert(position, projection);
                let fell_behind = match self.sifted.chosen.len() > room {
                    true => self.sifted.chosen.pop_first().map(|(_, last)| last),
                    false => None,
                };
                let gone = replaced.into_iter().chain(fell_behind);
                self.bytes -= gone.map(|gone| weight(&gone)).sum::<usize>();
            }
        }
    }

    /// Whether nothing of this scan can change the page any more, when all that comes is of this time or earlier, and the scan
    /// has more, or `is_cut`.
    #[must_use]
    pub fn is_settled(&self, until: Option<TimestampMicros>, is_cut: bool, limit: usize) -> bool {
        let room = limit.saturating_sub(self.traces.len());
        let last = self.sifted.last(room);
        let is_behind = last.zip(until).is_some_and(|(last, until)| until < last.0);
        let sifted = &self.sifted;
        let are_more = || sifted.are_more || sifted.seen.iter().any(|seen| Some(*seen) < last);
        is_behind && (is_cut || are_more())
    }

    /// Ends a scan: what it passed over counts, and the page goes on behind its last trace when the scan has more, or `is_cut`.
    pub fn close(
        &mut self,
        selection: &Selection,
        passed_over: &[(TimestampMicros, u64)],
        is_cut: bool,
        after: Option<Position>,
        limit: usize,
    ) {
        let room = limit.saturating_sub(self.traces.len());
        let sifted = std::mem::take(&mut self.sifted);
        if room > 0 {
            let last = sifted.last(room);
            let on_page = sifted
                .seen
                .iter()
                .filter(|seen| last.is_none_or(|last| **seen >= last));
            let on_page = on_page.count();
            self.processed += on_page as u64;
            let are_more = is_cut || sifted.are_more || on_page < sifted.seen.len();
            self.next = last.filter(|_| are_more);
            self.traces.extend(sifted.chosen.into_values().rev());
        }
        // What was passed over counts on the page on which it would have been looked at.
        let passed_over = passed_over.iter().filter(|(time, _)| {
            let is_after = after.is_none_or(|after| *time <= after.0);
            let is_before = self.next.is_none_or(|next| *time > next.0);
            is_after && is_before && selection.range.holds(*time)
        });
        self.processed += passed_over.map(|(_, traces)| traces).sum::<u64>();
    }

    /// About how much memory it takes, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.bytes + size_of_val(&*self.sifted.seen)
    }
}

impl Sifted {
    /// The last one chosen, when there is room for no more.
    fn last(&self, room: usize) -> Option<Position> {
        let first = self.chosen.first_key_value();
        first
            .filter(|_| self.chosen.len() >= room)
            .map(|(last, _)| *last)
    }

    /// Notes one that is looked at; whether it may be chosen.
    fn note(&mut self, position: Position, room: usize) -> bool {
        let last = self.last(room);
        if last.is_some_and(|last| position < last) {
            self.are_more = true;
            return false;
        }
        self.seen.push(position);
        if let Some(last) = last.filter(|_| self.seen.len() > self.noted_at_most) {
            let noted = self.seen.len();
            self.seen.retain(|seen| *seen >= last);
            self.are_more |= self.seen.len() < noted;
            self.noted_at_most = 2 * self.seen.len() + NOTED;
        }
        true
    }
}

/// So many are noted at least.
const NOTED: usize = 1_024;

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
