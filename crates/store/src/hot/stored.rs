//! Documents as they are stored, wherever they lie: in the log or at rest.

use std::sync::Arc;

use bytes::Bytes;
use fluoro_ambient::{Ambient, Seldom};
use fluoro_model::document::{Document, Refusal};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Received;

use super::index::{Place, Rest};
use super::{HotTraces, ScanError};
use crate::archive::{ArchiveError, Documents, Live};
use crate::documents::{Logged, STORED};
use crate::log::Position;

/// Tells of stored documents that are not accepted any more.
#[derive(Debug)]
pub(super) struct Refusals {
    ambient: Ambient,
    told: Seldom,
}

/// Where the documents of some traces lie; those in the log were read.
struct Located {
    traces: Vec<TraceId>,
    logged: Vec<Option<Logged>>,
    /// How many of these each trace has.
    counts: Vec<usize>,
    /// Those with documents at rest.
    at_rest: Vec<TraceId>,
    live: Arc<Live>,
}

impl HotTraces {
    /// All documents of a trace, in the order received; without those that were lost.
    pub(super) async fn read_documents(&self, trace: TraceId) -> Result<Vec<Received>, ScanError> {
        let reading = self.readers.acquire().await;
        let _reading = reading.map_err(|_| ScanError::Closed)?;
        let located = self.locate(&[trace]).await?;
        let refusals = Arc::clone(&self.refusals);
        let parse = |json: &[u8]| Document::parse_within(STORED, json);
        self.blocking(move || {
            let documents = located.documents()?.into_iter().flatten();
            Ok(refusals.received(documents, parse))
        })
        .await?
    }

    /// The documents of each of these traces as they came, in the order received; without those that were lost.
    pub(super) async fn read_stored(
        &self,
        traces: &[TraceId],
    ) -> Result<Vec<Documents>, ScanError> {
        let located = self.locate(traces).await?;
        // Somebody waits for one; many have time.
        match traces.len() {
            _ if located.at_rest.is_empty() => Ok(located.documents()?),
            1 => Ok(self.blocking(|| located.documents()).await??),
            _ => Ok(self.searching(|| located.documents()).await??),
        }
    }

    async fn locate(&self, traces: &[TraceId]) -> Result<Located, ScanError> {
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
            let logged = self.log.read(&positions).await?;
            let is_lost = logged.iter().any(Option::is_none);
            if is_lost && live.watermark != self.archive.watermark() {
                // A flush has taken it to the blocks meanwhile.
                continue;
            }
            return Ok(Located {
                traces: traces.to_vec(),
                logged,
                counts,
                at_rest,
                live,
            });
        }
    }
}

impl Located {
    /// Those of each trace, in the order received.
    fn documents(self) -> Result<Vec<Documents>, ArchiveError> {
        let mut found = self.live.documents(&self.at_rest)?;
        let mut logged = self.logged.into_iter();
        let stored = self.traces.iter().zip(self.counts).map(|(trace, count)| {
            let mut documents = found.remove(trace).unwrap_or_default();
            let logged = logged.by_ref().take(count).flatten();
            documents.extend(logged.map(|logged| (logged.received, logged.document)));
            documents
        });
        Ok(stored.collect())
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
