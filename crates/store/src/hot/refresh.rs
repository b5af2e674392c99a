//! Making projections anew.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use fluoro_model::TraceId;
use fluoro_model::document::Document;
use fluoro_trace::{Projection, Received, Trace};

use tokio::sync::Notify;

use super::index::{Place, Snapshot};
use super::{HotTraces, ScanError};
use crate::log::{Position, Record};

/// How long a touched trace waits for more of its documents before its projection is made unasked.
const SETTLE: Duration = Duration::from_millis(50);

/// How many traces are assembled by one turn of a blocking thread.
const TRACES_A_TURN: usize = 128;

/// Keeps projections fresh until the hot traces are dropped, which `touched` tells, too.
pub(super) async fn run(hot: Weak<HotTraces>, touched: Arc<Notify>) {
    loop {
        touched.notified().await;
        tokio::time::sleep(SETTLE).await;
        let Some(hot) = hot.upgrade() else { return };
        if let Err(error) = hot.refresh_all().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot refresh projections"
            );
        }
    }
}

impl HotTraces {
    /// Makes the projections of all traces that were touched.
    pub(super) async fn refresh_all(&self) -> Result<(), ScanError> {
        let _turn = self.refreshing.lock().await;
        let stale = self.index.lock().stale();
        for traces in stale.chunks(TRACES_A_TURN) {
            self.refresh(traces).await?;
        }
        Ok(())
    }

    /// Makes the projections of those of the traces that were touched or have none. Every document applied before the
    /// call is in them.
    pub(super) async fn refresh(&self, traces: &[TraceId]) -> Result<(), ScanError> {
        let made = self.make(traces).await?;
        let (mut unreadable, mut let_go) = (0, 0);
        if !made.is_empty() {
            let mut index = self.index.lock();
            for made in made {
                index.set_projection(&made.from, made.projection);
                unreadable += index.lose(made.from.trace, &made.lost);
            }
            let_go = index.shrink_to(self.settings.memory_bytes);
        }
        let mut losses = self.losses.lock();
        losses.unreadable += unreadable;
        losses.memory += let_go;
        Ok(())
    }

    /// The projections of traces that have none at the moment, made for this once: keeping them would drive others
    /// out.
    pub(super) async fn cold(&self, traces: &[TraceId]) -> Result<Vec<Arc<Projection>>, ScanError> {
        let mut projections = Vec::with_capacity(traces.len());
        for traces in traces.chunks(TRACES_A_TURN) {
            let made = self.make(traces).await?;
            projections.extend(made.into_iter().map(|made| made.projection));
        }
        Ok(projections)
    }

    async fn make(&self, traces: &[TraceId]) -> Result<Vec<Made>, ScanError> {
        let snapshots = self.index.lock().snapshots(traces);
        if snapshots.is_empty() {
            return Ok(Vec::new());
        }
        let documents = self.documents_of(&snapshots).await?;
        self.blocking(move || project(snapshots, &documents)).await
    }

    /// The documents at these places, in their order; without those that the log has lost.
    pub(super) async fn read_documents(
        &self,
        places: Vec<Place>,
    ) -> Result<Vec<Received>, ScanError> {
        let documents = self
            .documents_at(places.iter().map(|place| place.position))
            .await?;
        Ok(received(&places, &documents))
    }

    async fn documents_of(
        &self,
        snapshots: &[Snapshot],
    ) -> Result<HashMap<Position, Arc<Document>>, ScanError> {
        let places = snapshots.iter().flat_map(|snapshot| &snapshot.places);
        self.documents_at(places.map(|place| place.position)).await
    }

    async fn documents_at(
        &self,
        positions: impl Iterator<Item = Position>,
    ) -> Result<HashMap<Position, Arc<Document>>, ScanError> {
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        {
            let mut cache = self.cache.lock();
            for position in positions {
                match cache.get(position) {
                    Some(document) => drop(found.insert(position, document)),
                    None => missing.push(position),
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let records = self.log.read(&missing).await?;
        let parsed = self.blocking(move || parse(missing, records)).await?;
        let mut cache = self.cache.lock();
        for (position, bytes, document) in parsed {
            cache.insert(position, Arc::clone(&document), bytes);
            found.insert(position, document);
        }
        Ok(found)
    }
}

fn parse(
    positions: Vec<Position>,
    records: Vec<Option<Record>>,
) -> Vec<(Position, usize, Arc<Document>)> {
    let mut parsed = Vec::with_capacity(positions.len());
    for (position, record) in positions.into_iter().zip(records) {
        let Some(record) = record else { continue };
        match Document::parse(&record.document) {
            Ok(document) => parsed.push((position, record.document.len(), Arc::new(document))),
            // It was accepted once: by a version with other rules, or with other limits.
            Err(refusal) => tracing::warn!(
                trace = %record.trace,
                error = &refusal as &dyn std::error::Error,
                "a stored document is not accepted any more"
            ),
        }
    }
    parsed
}

struct Made {
    from: Snapshot,
    projection: Arc<Projection>,
    /// Documents that could not be had.
    lost: Vec<Position>,
}

fn project(snapshots: Vec<Snapshot>, documents: &HashMap<Position, Arc<Document>>) -> Vec<Made> {
    snapshots
        .into_iter()
        .map(|from| {
            let received = received(&from.places, documents);
            let positions = from.places.iter().map(|place| place.position);
            let lost = positions.filter(|position| !documents.contains_key(position));
            Made {
                projection: Arc::new(Trace::assemble(from.trace, &received).projection()),
                lost: lost.collect(),
                from,
            }
        })
        .collect()
}

fn received(places: &[Place], documents: &HashMap<Position, Arc<Document>>) -> Vec<Received> {
    let found = places.iter().filter_map(|place| {
        let document = documents.get(&place.position)?;
        Some(Received {
            document: Arc::clone(document),
            at: place.at,
        })
    });
    found.collect()
}
