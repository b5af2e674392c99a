//! Projections that are made for who asks, and not kept: of hot traces that had to make room, and of traces at rest.

use std::sync::Arc;

use fluoro_model::TraceId;
use fluoro_model::document::Document;
use fluoro_trace::{Projection, Trace};
use foldhash::HashSet;

use super::lately::MOST_AT_ONCE;
use super::{HotTraces, ScanError, THREADS};
use crate::archive::Live;
use crate::documents::STORED;

/// How many traces are assembled by one turn of a blocking thread.
pub(super) const TRACES_A_TURN: usize = 128;

impl HotTraces {
    /// The projections of traces that had none a moment ago, made for this once where they still have none: keeping them
    /// would drive others out.
    pub(super) async fn cold(&self, traces: &[TraceId]) -> Result<Vec<Arc<Projection>>, ScanError> {
        let mut projections = Vec::with_capacity(traces.len());
        for traces in traces.chunks(TRACES_A_TURN) {
            // Somebody else may have made some of them since.
            let (ready, snapshots) = self.index.lock().parted(traces);
            projections.extend(ready);
            // What was read stays out of the cache, as its projection does.
            let projector = self.projector(&snapshots).await?;
            let made = self.blocking(move || {
                let made = snapshots
                    .iter()
                    .map(|from| projector.project(from.trace, &from.places));
                made.collect::<Vec<_>>()
            });
            projections.extend(made.await?);
        }
        Ok(projections)
    }

    /// The projections of traces that were hot and had none a moment ago, wherever they are now.
    pub(super) async fn cold_or_at_rest(
        &self,
        traces: &[TraceId],
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        let mut projections = self.cold(traces).await?;
        if projections.len() < traces.len() {
            // They were let go meanwhile: they are at rest.
            let made: HashSet<TraceId> = projections.iter().map(|made| made.id).collect();
            let gone = traces.iter().filter(|trace| !made.contains(*trace));
            let gone = gone.copied().collect();
            let live = self.archive.live();
            projections.extend(self.project_at_rest(&live, gone).await?);
        }
        Ok(projections)
    }

    /// The projections of traces at rest. Of few they are held, for who asks again.
    pub(super) async fn project_at_rest(
        &self,
        live: &Arc<Live>,
        mut traces: Vec<TraceId>,
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        if traces.len() > MOST_AT_ONCE {
            return self.project_many(live, traces).await;
        }
        let mut projections = Vec::with_capacity(traces.len());
        {
            let mut lately = self.lately.lock();
            traces.retain(|trace| {
                let held = lately.get(*trace, &live.numbers_of(*trace));
                let is_wanted = held.is_none();
                projections.extend(held);
                is_wanted
            });
        }
        let made = self.project_many(live, traces).await?;
        let held = made.iter();
        let held = held.map(|made| (live.numbers_of(made.id), Arc::clone(made)));
        self.lately.lock().extend(held);
        projections.extend(made);
        Ok(projections)
    }

    /// The projections of traces at rest, for this once.
    pub(super) async fn project_many(
        &self,
        live: &Arc<Live>,
        mut traces: Vec<TraceId>,
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        let mut projections = Vec::with_capacity(traces.len());
        // Neighbours lie on the same pages.
        traces.sort_unstable();
        let turn = traces.len().div_ceil(THREADS).clamp(1, TRACES_A_TURN);
        let mut turns = traces.chunks(turn);
        while let Some(one) = turns.next() {
            let other = turns.next().unwrap_or_default();
            let made =
                tokio::try_join!(self.project_some(live, one), self.project_some(live, other));
            let (one, other) = made?;
            projections.extend(one);
            projections.extend(other);
        }
        Ok(projections)
    }

    async fn project_some(
        &self,
        live: &Arc<Live>,
        traces: &[TraceId],
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        if traces.is_empty() {
            return Ok(Vec::new());
        }
        let (live, traces) = (Arc::clone(live), traces.to_vec());
        let (refusals, limits) = (Arc::clone(&self.refusals), self.settings.projection);
        let made = self.searching(move || {
            let documents = live.documents(&traces)?;
            let made = documents.into_iter().map(|(trace, documents)| {
                let facts = |json: &[u8]| Document::parse_facts(STORED, json);
                let received = refusals.received(documents, facts);
                Arc::new(Trace::assemble(trace, &received).projection_within(limits))
            });
            Ok(made.collect::<Vec<_>>())
        });
        made.await?
    }
}
