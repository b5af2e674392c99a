//! Documents as they are stored, wherever they lie: in the log or at rest.

use std::sync::Arc;

use bytes::Bytes;
use fluoro_ambient::{Ambient, Seldom};
use fluoro_model::document::{Document, Refusal};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Received;
use foldhash::{HashMap, HashMapExt};

use super::index::{Place, Rest};
use super::{HotTraces, ScanError, with_permit};
use crate::archive::Documents;
use crate::documents::STORED;
use crate::log::Position;

/// Tells of stored documents that are not accepted any more.
#[derive(Debug)]
pub(super) struct Refusals {
    ambient: Ambient,
    told: Seldom,
}

impl HotTraces {
    /// All documents of a trace, in the order received; without those that were lost.
    pub(super) async fn read_documents(&self, trace: TraceId) -> Result<Vec<Received>, ScanError> {
        let reading = self.readers.acquire().await;
        let _reading = reading.map_err(|_| ScanError::Closed)?;
        let documents = self.read_stored(&[trace]).await?;
        let documents = documents.into_iter().next().unwrap_or_default();
        let refusals = Arc::clone(&self.refusals);
        let parse = |json: &[u8]| Document::parse_within(STORED, json);
        self.blocking(move || refusals.received(documents, parse))
            .await
    }

    /// The documents of each of these traces as they came, in the order received; without those that were lost.
    pub(super) async fn read_stored(
        &self,
        traces: &[TraceId],
    ) -> Result<Vec<Documents>, ScanError> {
        loop {
            // In this order: what is evicted in between is there already.
            let found: Vec<_> = {
                let index = self.index.lock();
                traces.iter().map(|trace| index.places(*trace)).collect()
            };
            let live = self.archive.live();
            let (mut positions, mut at_rest) = (Vec::new(), Vec::new());
            let mut counts = Vec::with_capacity(traces.len());
            for (trace, (places, rest)) in traces.iter().zip(&found) {
                let (flushed, places) = parted(places, live.watermark);
                positions.extend(places.iter().map(|place| place.position));
                counts.push(places.len());
                if !flushed.is_empty() || *rest != Rest::Nothing {
                    at_rest.push(*trace);
                }
            }
            let records = self.log.read(&positions).await?;
            let is_lost = records.iter().any(Option::is_none);
            if is_lost && live.watermark != self.archive.watermark() {
                // A flush has taken it to the blocks meanwhile.
                continue;
            }
            // Somebody waits for one; many have time.
            let threads = match traces.len() {
                1 => &self.threads,
                _ => &self.searchers,
            };
            let mut found = match at_rest.is_empty() {
                true => HashMap::new(),
                false => with_permit(threads, move || live.documents(&at_rest)).await??,
            };
            let mut logged = records.into_iter();
            let stored = traces.iter().zip(counts).map(|(trace, count)| {
                let mut documents = found.remove(trace).unwrap_or_default();
                let logged = logged.by_ref().take(count).flatten();
                documents.extend(logged.map(|logged| (logged.received, logged.document)));
                documents
            });
            return Ok(stored.collect());
        }
    }
}

/// The places of documents that are at rest, and the others.
pub(super) fn parted(places: &[Place], watermark: Position) -> (&[Place], &[Place]) {
    places.split_at(places.partition_point(|place| place.position < watermark))
}

// === impl Refusals ===

impl Refusals {
    pub(super) fn new(ambient: Ambient) -> Self {
        Self {
            ambient,
            told: Seldom::default(),
        }
    }

    /// A stored document; it was accepted, if by a version with other rules.
    pub(super) fn accepted_once(&self, read: Result<Document, Refusal>) -> Option<Arc<Document>> {
        let refused = |refusal: &Refusal| {
            if let Some(times) = self.told.happened(&self.ambient) {
                tracing::warn!(
                    error = refusal as &dyn std::error::Error,
                    times,
                    "stored documents are not accepted any more"
                );
            }
        };
        read.inspect_err(refused).ok().map(Arc::new)
    }

    /// Documents as they were received.
    pub(super) fn received(
        &self,
        documents: impl IntoIterator<Item = (TimestampMicros, Bytes)>,
        parse: impl Fn(&[u8]) -> Result<Document, Refusal>,
    ) -> Vec<Received> {
        let received = documents.into_iter().filter_map(|(at, json)| {
            let document = self.accepted_once(parse(&json))?;
            Some(Received { document, at })
        });
        received.collect()
    }
}
