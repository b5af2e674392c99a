//! Projections of traces at rest that were asked for lately: who pages through a list, or asks the same again a moment later,
//! should not wait for the same documents to be read again.

use std::sync::Arc;

use fluoro_model::TraceId;
use fluoro_trace::Projection;
use foldhash::HashMap;

use crate::scan::weight;

/// Of more at once none are kept: they would drive out what is asked for again.
pub(super) const MOST_AT_ONCE: usize = 1_024;

/// One takes at most this part of all that is kept.
const LARGEST: usize = 8;

/// At most so much of them, those first that were not asked for longest.
#[derive(Debug)]
pub(super) struct Lately {
    limit: usize,
    young: HashMap<TraceId, Held>,
    young_bytes: usize,
    /// What was young before.
    old: HashMap<TraceId, Held>,
}

#[derive(Debug)]
struct Held {
    /// The blocks that its documents are in.
    blocks: Vec<u64>,
    projection: Arc<Projection>,
    bytes: usize,
}

// === impl Lately ===

impl Lately {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            young: HashMap::default(),
            young_bytes: 0,
            old: HashMap::default(),
        }
    }

    /// The projection of a trace whose documents are in these blocks.
    pub(super) fn get(&mut self, trace: TraceId, blocks: &[u64]) -> Option<Arc<Projection>> {
        if let Some(held) = self.old.remove(&trace) {
            self.hold(trace, held);
        }
        let held = self.young.get(&trace).or_else(|| self.old.get(&trace))?;
        (held.blocks == blocks).then(|| Arc::clone(&held.projection))
    }

    pub(super) fn extend(&mut self, made: impl IntoIterator<Item = (Vec<u64>, Arc<Projection>)>) {
        for (blocks, projection) in made {
            let bytes = size_of::<(TraceId, Held)>() + weight(&projection);
            // One that is so large would be all there is.
            if bytes > self.limit / LARGEST {
                continue;
            }
            let held = Held {
                blocks,
                bytes,
                projection,
            };
            self.hold(held.projection.id, held);
        }
    }

    fn hold(&mut self, trace: TraceId, held: Held) {
        self.young_bytes += held.bytes;
        if let Some(before) = self.young.insert(trace, held) {
            self.young_bytes -= before.bytes;
        }
        if self.young_bytes > self.limit / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use fluoro_model::{Document, TimestampMicros};
    use fluoro_trace::{ProjectionLimits, Received, Trace};

    use super::*;

    fn projection(number: u128) -> Arc<Projection> {
        let trace = TraceId::from_bits(1 << 96 | number);
        let json = format!(
            r#"{{"id":"0000000000000001","name":"a","trace_id":"{}","start_time":1,"end_time":2}}"#,
            trace,
        );
        let document = Arc::new(Document::parse(json.as_bytes()).unwrap());
        let at = TimestampMicros(7);
        let received = [Received { document, at }];
        Arc::new(Trace::assemble(trace, &received).projection_within(ProjectionLimits::default()))
    }

    #[test]
    fn other_blocks_are_another_trace() {
        let mut lately = Lately::new(1 << 20);
        let one = projection(1);
        lately.extend([(vec![3, 4], Arc::clone(&one))]);
        assert!(lately.get(one.id, &[3, 4]).is_some());
        assert!(lately.get(one.id, &[4]).is_none() && lately.get(one.id, &[3, 4, 5]).is_none());
        lately.extend([(vec![5], Arc::clone(&one))]);
        assert!(lately.get(one.id, &[5]).is_some());
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let one = projection(1);
        let bytes = size_of::<(TraceId, Held)>() + weight(&one);
        for (limit, is_kept) in [(LARGEST * bytes - 1, false), (LARGEST * bytes, true)] {
            let mut lately = Lately::new(limit);
            lately.extend([(vec![1], Arc::clone(&one))]);
            assert_eq!(lately.get(one.id, &[1]).is_some(), is_kept);
            assert_eq!(lately.young_bytes > 0, is_kept);
        }
    }

    #[test]
    fn what_is_asked_for_stays_and_memory_is_bounded() {
        let one = projection(0);
        let bytes = size_of::<(TraceId, Held)>() + weight(&one);
        let mut lately = Lately::new(20 * bytes);
        lately.extend([(vec![1], Arc::clone(&one))]);
        for number in 1..1_000 {
            lately.extend([(vec![1], projection(number))]);
            assert!(lately.get(one.id, &[1]).is_some(), "{number}");
            assert!(lately.young.len() + lately.old.len() <= 22);
        }
        assert!(lately.get(projection(1).id, &[1]).is_none());
    }
}
