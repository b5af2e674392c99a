//! The twin for tests: documents in a map.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::{Projection, ProjectionLimits, Received, Trace};
use parking_lot::Mutex;

use super::{Axis, Candidates, Scan, ScanError};

/// All documents of all traces, in memory. It finds too many rather than look closely.
#[derive(Debug, Default)]
pub struct MemoryScan {
    traces: Mutex<BTreeMap<TraceId, Vec<Received>>>,
}

// === impl MemoryScan ===

impl MemoryScan {
    /// Takes a document.
    pub fn put(&self, received: Received) {
        let mut traces = self.traces.lock();
        let documents = traces.entry(received.document.trace_id).or_default();
        documents.push(received);
    }
}

fn projection(trace: TraceId, received: &[Received]) -> Arc<Projection> {
    let assembled = Trace::assemble(trace, received);
    Arc::new(assembled.projection_within(ProjectionLimits::default()))
}

#[async_trait]
impl Scan for MemoryScan {
    async fn settle(&self) -> Result<(), ScanError> {
        Ok(())
    }

    fn held_since(&self) -> Option<TimestampMicros> {
        let traces = self.traces.lock();
        let received = traces.values().flatten();
        received.map(|received| received.at).min()
    }

    async fn projections(
        &self,
        candidates: &Candidates,
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        let traces = self.traces.lock();
        let projections = traces
            .iter()
            .map(|(trace, received)| projection(*trace, received))
            .filter(|projection| {
                let start = projection.start.map(|start| start.micros());
                candidates.by != Axis::Start
                    || start.is_some_and(|start| candidates.range.contains(&start))
            });
        Ok(projections.collect())
    }

    async fn by_id(&self, trace: TraceId) -> Result<Option<Arc<Projection>>, ScanError> {
        let traces = self.traces.lock();
        let received = traces.get(&trace);
        Ok(received.map(|received| projection(trace, received)))
    }

    async fn documents(&self, trace: TraceId) -> Result<Vec<Received>, ScanError> {
        let traces = self.traces.lock();
        Ok(traces.get(&trace).cloned().unwrap_or_default())
    }
}
