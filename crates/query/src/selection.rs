//! Which traces a list is about: a range of time and a filter.

use fluoro_filter::{Ended, Filter, Matched};
use fluoro_model::TimestampMicros;
use fluoro_store::scan::{Axis, Candidates, Latest};
use fluoro_trace::Projection;

use crate::summary::Position;
use crate::time_range::{TimeRange, TimeRangeType};

#[cfg(test)]
mod tests;

/// The traces of a range that a filter finds.
///
/// In a range of type Service, `service(…)` and `edge(…)` mean the segments and calls that ended within the range, to
/// the moment (recorded); a trace found by one of them may have come in at any time.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// From when to when, of what.
    pub range: TimeRange,
    /// Which of them.
    pub filter: Filter,
}

impl Selection {
    /// Every trace of the range.
    #[must_use]
    pub fn everything(range: TimeRange) -> Self {
        Self {
            range,
            filter: Filter::EVERYTHING,
        }
    }

    /// What to ask the store for: all traces that are meant, and perhaps some others.
    #[must_use]
    pub fn candidates(&self) -> Candidates {
        let candidates = self.range.candidates();
        Candidates {
            by: match self.looks_at_ends() {
                true => Axis::ReceivedOrEnded,
                false => candidates.by,
            },
            columns: self.filter.columns(),
            range: candidates.range,
            latest: None,
        }
    }

    /// As [`candidates`](Self::candidates), the latest `rows` after a position first, of which the first are `likely` to be what
    /// a page needs.
    #[must_use]
    pub fn latest(&self, after: Option<Position>, rows: usize, likely: usize) -> Candidates {
        let mut candidates = self.candidates();
        if let Some(Position(time, _)) = after {
            let up_to = self.range.up_to(time);
            candidates.range.end =
                up_to.map_or(candidates.range.end, |end| candidates.range.end.min(end));
        }
        Candidates {
            latest: Some(Latest {
                before: after.map(|Position(time, trace)| (time, trace)),
                rows,
                likely,
            }),
            ..candidates
        }
    }

    /// Where a trace stands in the list; `None` when it is not in the range, whatever the filter says.
    pub(crate) fn place(&self, projection: &Projection) -> Option<TimestampMicros> {
        let place = self.range.place(projection);
        if place.is_some() || !self.looks_at_ends() {
            return place;
        }
        let ended = projection
            .ends()
            .any(|end| self.range.range.contains(&end.micros()));
        ended.then_some(projection.last_received)
    }

    /// By what the filter finds a trace of the range; `None` when it does not.
    #[must_use]
    pub fn matched<'p>(&self, projection: &'p Projection) -> Option<Matched<'p>> {
        if self.range.by != TimeRangeType::Service {
            return self.filter.matches(projection).then(Matched::default);
        }
        let ended = Ended::Within(self.range.range.clone());
        let matched = self.filter.matches_ended(projection, &ended)?;
        let by_end = matched.service.is_some() || matched.edge.is_some();
        (by_end || self.range.place(projection).is_some()).then_some(matched)
    }

    fn looks_at_ends(&self) -> bool {
        self.range.by == TimeRangeType::Service && self.filter.names_nodes()
    }
}
