//! Which traces there are.

use fluoro_model::{TimestampMicros, TraceId};

use super::{Index, Rest};
use crate::log::Position;

/// A trace that can be found.
#[derive(Debug, Clone, Copy)]
pub(in crate::hot) struct HeldTrace {
    pub(in crate::hot) trace: TraceId,
    pub(in crate::hot) start: Option<TimestampMicros>,
    /// When its last document came in, also one that changed nothing.
    pub(in crate::hot) last_received: TimestampMicros,
}

/// Documents: how many, and how long they are together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::hot) struct Amount {
    pub(in crate::hot) documents: u32,
    pub(in crate::hot) bytes: u64,
}

impl Index {
    /// All traces that can be found, by their ids.
    pub(in crate::hot) fn held(&self) -> Vec<HeldTrace> {
        let entries = self.traces.iter();
        let readable = entries.filter(|(_, entry)| entry.readable_since != 0);
        let held = readable.map(|(trace, entry)| HeldTrace {
            trace: *trace,
            start: entry.start,
            last_received: entry.last_received,
        });
        let mut held: Vec<HeldTrace> = held.collect();
        held.sort_unstable_by_key(|held| held.trace);
        held
    }

    /// What there is of a trace that has a place here, all of it and from a position on, and what else there is.
    pub(in crate::hot) fn amounts(&self, trace: TraceId, from: Position) -> (Amount, Amount, Rest) {
        let Some(entry) = self.traces.get(&trace) else {
            return (Amount::default(), Amount::default(), Rest::Unknown);
        };
        let first = entry.places.partition_point(|place| place.position < from);
        let (_, bytes, rest) = self.trace_bytes(trace, from);
        let amount = |documents: usize, bytes| Amount {
            documents: u32::try_from(documents).unwrap_or(u32::MAX),
            bytes,
        };
        let all = amount(entry.places.len(), entry.bytes);
        (all, amount(entry.places.len() - first, bytes), rest)
    }
}
