//! Which of the traces a scan finds.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use fluoro_filter::{Digest, RowOf};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Projection;

use super::Index;
use crate::scan::{Axis, Candidates};

/// What was found in a range.
#[derive(Debug, Default)]
pub(in crate::hot) struct InRange {
    /// With their times on the axis asked for; so those without a projection.
    pub(in crate::hot) projections: Vec<(TimestampMicros, Arc<Projection>)>,
    pub(in crate::hot) cold: Vec<(TimestampMicros, TraceId)>,
    /// When those were, on the axis asked for, whose row says that they are not meant.
    pub(in crate::hot) passed_over: Vec<(TimestampMicros, u64)>,
    /// The last of those that were asked for, when there are more.
    pub(in crate::hot) rest: Option<(TimestampMicros, TraceId)>,
}

/// A trace before it is looked at.
struct Row<'i> {
    /// Its time on the axis asked for.
    time: TimestampMicros,
    trace: TraceId,
    /// Unless it has no projection yet, or one without a start.
    digest: Option<&'i Digest>,
}

impl Index {
    /// The traces that are meant: projections, and in the order of their first documents those without one. What was
    /// touched since its projection was made is the caller's care.
    pub(in crate::hot) fn find(&self, candidates: &Candidates) -> InRange {
        let range = &candidates.range;
        let lowest = |time| (time, TraceId::from_bits(0));
        if range.start >= range.end {
            return InRange::default();
        }
        match candidates.by {
            // Starts are kept rounded to microseconds: one more on each side, and none is missed.
            Axis::Start => {
                let first = lowest(shifted(range.start, -1));
                let end = lowest(shifted(range.end, 2));
                let before = candidates.latest.and_then(|latest| latest.before);
                let end = before.map_or(end, |before| before.min(end)).max(first);
                let latest_first = self.by_start.range(first..end).rev();
                let rows = latest_first.map(|(&(time, trace), digest)| Row {
                    time,
                    trace,
                    digest: Some(digest),
                });
                self.sorted_out(candidates, rows)
            }
            Axis::Updated | Axis::Received => {
                self.sorted_out(candidates, self.with_rows(self.received(range)))
            }
            Axis::ReceivedOrEnded => {
                let began = |trace: &TraceId| {
                    let start = self.traces.get(trace).and_then(|entry| entry.start);
                    start.is_some_and(|start| start < shifted(range.end, 1))
                };
                let ended = self.by_end.range(lowest(shifted(range.start, -1))..);
                let ended = ended.map(|(_, trace)| *trace).filter(began);
                let traces: HashSet<TraceId> = self.received(range).chain(ended).collect();
                self.sorted_out(candidates, self.with_rows(traces.into_iter()))
            }
        }
    }

    /// Traces of which something was received within the range, each in the first minute of the range in which it was.
    pub(super) fn received(&self, range: &Range<TimestampMicros>) -> impl Iterator<Item = TraceId> {
        let first = (range.start.floor_minute(), TraceId::from_bits(0));
        let last = (range.end.floor_minute(), TraceId::from_bits(u128::MAX));
        let received = self.by_received.range(first..=last);
        let meant = received.filter(|(minute, trace)| {
            let entry = self.traces.get(trace).into_iter();
            let receipts = entry.flat_map(|entry| {
                let here = entry.places.iter().map(|place| place.at);
                here.chain(entry.older.iter().copied())
            });
            let within = receipts.filter(|at| range.contains(at));
            within.map(TimestampMicros::floor_minute).min() == Some(*minute)
        });
        meant.map(|(_, trace)| *trace)
    }

    fn with_rows(&self, traces: impl Iterator<Item = TraceId>) -> impl Iterator<Item = Row<'_>> {
        traces.filter_map(|trace| {
            let entry = self.traces.get(&trace)?;
            let digest = entry
                .start
                .and_then(|start| self.by_start.get(&(start, trace)));
            Some(Row {
                time: entry.last_received,
                trace,
                digest,
            })
        })
    }

    fn sorted_out<'i>(
        &self,
        candidates: &Candidates,
        traces: impl Iterator<Item = Row<'i>>,
    ) -> InRange {
        let rows = match candidates.latest {
            Some(latest) if candidates.by == Axis::Start => latest.rows,
            _ => usize::MAX,
        };
        let mut found = InRange::default();
        let (mut cold, mut last) = (Vec::new(), None);
        for Row {
            time,
            trace,
            digest,
        } in traces
        {
            if found.projections.len() + cold.len() == rows {
                found.rest = last;
                break;
            }
            let admitted = |digest| candidates.columns.admit(&self.annotations.row(digest));
            if digest.is_some_and(|digest| !admitted(digest)) {
                found.passed_over.push((time, 1));
                continue;
            }
            let Some(entry) = self.traces.get(&trace) else {
                continue;
            };
            if let Some(row) = digest.map(|digest| self.annotations.row(digest))
                && let Some(projection) = &entry.projection
                && !candidates.columns.admit(&RowOf { row, projection })
            {
                found.passed_over.push((time, 1));
                continue;
            }
            match &entry.projection {
                Some(projection) => found.projections.push((time, Arc::clone(projection))),
                None => cold.push((entry.first(), time, trace)),
            }
            last = Some((time, trace));
        }
        // Taken from the end.
        cold.sort_unstable_by_key(|(first, ..)| Reverse(*first));
        let cold = cold.into_iter().map(|(_, time, trace)| (time, trace));
        found.cold = cold.collect();
        found
    }
}

fn shifted(time: TimestampMicros, micros: i64) -> TimestampMicros {
    TimestampMicros(time.0.saturating_add(micros))
}
