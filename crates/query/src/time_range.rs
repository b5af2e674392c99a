//! Which traces a time range means.

use std::ops::Range;

use fluoro_filter::Columns;
use fluoro_model::{EpochSeconds, TimestampMicros};
use fluoro_store::scan::{Axis, Candidates};
use fluoro_trace::Projection;

/// How far outside a range of type Service a document may have come in. The service is as coarse (recorded: receipts
/// 15 to 60 seconds away were found).
const SERVICE_SLACK_MICROS: i64 = 60_000_000;

const SECOND: i64 = 1_000_000;

/// By which time traces are chosen: `TimeRangeType` of the API model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeRangeType {
    /// The start of its earliest segment, whatever second the id holds (recorded).
    #[default]
    TraceId,
    /// The second in which its last document that changed something came in.
    Event,
    /// Coarsely, when its documents came in.
    Service,
}

/// A range of one of a trace's times: its start belongs to it, its end does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeRange {
    /// From when to when.
    pub range: Range<TimestampMicros>,
    /// Of what.
    pub by: TimeRangeType,
}

impl TimeRange {
    /// What to ask the store for: all traces that are meant, and perhaps some others.
    #[must_use]
    pub fn candidates(&self) -> Candidates {
        let Range { start, end } = &self.range;
        let (range, by) = match self.by {
            TimeRangeType::TraceId => (*start..*end, Axis::Start),
            TimeRangeType::Event => (*start..later(*end, SECOND), Axis::Updated),
            TimeRangeType::Service => (
                later(*start, -SERVICE_SLACK_MICROS)..later(*end, SERVICE_SLACK_MICROS),
                Axis::Received,
            ),
        };
        Candidates {
            range,
            by,
            columns: Columns::Anything,
            latest: None,
        }
    }

    /// The end of what is to be looked at, on the axis asked for, for traces at a place or before it; `None` where a place does not
    /// tell.
    pub(crate) fn up_to(&self, place: TimestampMicros) -> Option<TimestampMicros> {
        match self.by {
            TimeRangeType::Event => Some(later(place, SECOND)),
            // By start, the scan knows itself where to go on. Of type Service, a place is not when the last document came in.
            TimeRangeType::TraceId | TimeRangeType::Service => None,
        }
    }

    /// Whether a trace of this start, or in a range about receipt, last received then, is meant. Ranges of type Service
    /// look at more and take any.
    pub(crate) fn holds(&self, time: TimestampMicros) -> bool {
        match self.by {
            TimeRangeType::TraceId => self.range.contains(&time),
            TimeRangeType::Event => self.range.contains(&second(time)),
            TimeRangeType::Service => true,
        }
    }

    /// Where the trace lies on the range's axis; `None` when it is not meant. A trace without segments never is.
    #[must_use]
    pub fn place(&self, projection: &Projection) -> Option<TimestampMicros> {
        if projection.observations.is_empty() {
            return None;
        }
        match self.by {
            TimeRangeType::TraceId => {
                let start = projection.start.map(EpochSeconds::micros);
                start.filter(|start| self.holds(*start))
            }
            TimeRangeType::Event => {
                let last = projection.last_received;
                self.holds(last).then(|| second(last))
            }
            TimeRangeType::Service => {
                let wide = self.candidates().range;
                let came_in = projection.observations.iter().map(|seen| seen.received);
                let near = came_in.filter(|received| wide.contains(received));
                near.max()
            }
        }
    }
}

/// What to ask the store for when a graph is made of what arrived in the window.
#[must_use]
pub fn arrival_candidates(window: Range<TimestampMicros>) -> Candidates {
    Candidates {
        range: window,
        by: Axis::Received,
        columns: Columns::Anything,
        latest: None,
    }
}

/// The second in which it lies.
fn second(time: TimestampMicros) -> TimestampMicros {
    TimestampMicros(time.floor_second() * SECOND)
}

fn later(time: TimestampMicros, micros: i64) -> TimestampMicros {
    TimestampMicros(time.0.saturating_add(micros))
}
