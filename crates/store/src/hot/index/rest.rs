//! How what is hot stands to what is at rest.

use std::ops::Range;
use std::sync::Arc;

use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Projection;

use super::Index;
use super::entry::Rest;
use crate::log::Position;

/// How a trace stands to what is at rest, and to a flush.
#[derive(Debug)]
pub(in crate::hot) struct AtFlush {
    /// How many documents of it are at rest, and how long they are, where all of them have a place here.
    pub(in crate::hot) at_rest: Option<(u32, u64)>,
    /// Whether there is nothing of it behind what is flushed.
    pub(in crate::hot) is_whole: bool,
    /// When the last document was received, whether it changed anything or not.
    pub(in crate::hot) last_received: TimestampMicros,
}

/// A trace of which something is not at rest.
#[derive(Debug)]
pub(in crate::hot) struct News {
    pub(in crate::hot) trace: TraceId,
    /// Unless it had to make room.
    pub(in crate::hot) projection: Option<Arc<Projection>>,
    /// Whether something of it may be at rest.
    pub(in crate::hot) may_be_at_rest: bool,
}

// === impl Index ===

impl Index {
    /// Says that of what lies up to here some may be at rest that is not held.
    pub(in crate::hot) fn begin_at(&mut self, watermark: Position) {
        self.evicted_up_to = self.evicted_up_to.max(watermark);
    }

    /// From here on, all documents are of traces that are held, or gone for good.
    pub(in crate::hot) fn held_from(&self) -> Position {
        Position::from_bits(self.evicted_up_to.bits() + 1)
    }

    /// Whether the trace could be found here when there had been so many changes, however it is now.
    pub(in crate::hot) fn had(&self, trace: TraceId, generation: u64) -> bool {
        let held = self.traces.get(&trace).map(|entry| entry.readable_since);
        let then = self.evicted.get(&trace);
        held.is_some_and(|since| since != 0 && since <= generation)
            || then.is_some_and(|then| then.iter().any(|found| found.contains(&generation)))
    }

    /// How many documents lie after the watermark, and of how many traces there are no others.
    pub(in crate::hot) fn beyond(&self, watermark: Position) -> (u64, u64) {
        let (mut documents, mut traces) = (0, 0);
        for entry in self.traces.values() {
            let at_rest = entry
                .places
                .partition_point(|place| place.position < watermark);
            documents += (entry.places.len() - at_rest) as u64;
            traces += u64::from(at_rest == 0 && entry.rest != Rest::Something);
        }
        (documents, traces)
    }

    /// How a trace stands to what is at rest, and to a flush of what lies up to a position; `None` when nobody has looked.
    pub(in crate::hot) fn at_flush(
        &self,
        trace: TraceId,
        watermark: Position,
        up_to: Position,
    ) -> Option<AtFlush> {
        let entry = self.traces.get(&trace);
        let entry = entry.filter(|entry| entry.rest != Rest::Unknown)?;
        let last = entry.places.last();
        let receipts = entry.places.iter().map(|place| place.at);
        let receipts = receipts.chain(entry.older.iter().copied());
        Some(AtFlush {
            at_rest: entry.at_rest(watermark),
            is_whole: last.is_some_and(|last| last.position < up_to),
            last_received: receipts.max().unwrap_or(TimestampMicros(i64::MIN)),
        })
    }

    /// The traces of which something was received in the range and something, then or not, is not at rest yet. One of which
    /// something is at rest that nobody has looked at came this very moment, and is passed over.
    pub(in crate::hot) fn news(
        &self,
        range: &Range<TimestampMicros>,
        watermark: Position,
    ) -> impl Iterator<Item = News> {
        let received = self.received(range);
        received.filter_map(move |trace| {
            let entry = self.traces.get(&trace)?;
            let last = entry.places.last();
            if entry.rest == Rest::Unknown || last.is_none_or(|last| last.position < watermark) {
                return None;
            }
            Some(News {
                trace,
                projection: entry.projection.clone(),
                may_be_at_rest: entry
                    .at_rest(watermark)
                    .is_none_or(|(documents, _)| documents > 0),
            })
        })
    }
}
