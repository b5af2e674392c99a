//! From hot to at rest: what the log has is written to blocks, and the log given back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fluoro_block::SegmentRow;
use fluoro_block::traces::TraceRow;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Projection;

use super::index::Index;
use super::refresh::TRACES_A_TURN;
use super::{HotTraces, ScanError};
use crate::archive::NewBlock;
use crate::documents::Lineage;
use crate::log::{LogError, Position};

/// A flush writes at most about so many documents at once: they are in memory meanwhile.
const DOCUMENTS: usize = 65_536;

/// And about so many bytes of rows.
const BYTES: usize = 64 << 20;

/// How much of the log is read at a time, in bytes of its records.
const CHUNK: usize = 4 << 20;

/// How long who has something to put waits for memory.
const PATIENCE: Duration = Duration::from_secs(2);

/// Memory may be exceeded by this part before nothing is taken in any more.
const EXCESS: usize = 4;

/// A flush begins when memory is filled but for this part.
const SPARE: usize = 4;

/// How many are looking among hot traces and those at rest.
#[derive(Debug, Default)]
pub(super) struct Looking(AtomicUsize);

/// One who looks.
#[derive(Debug)]
pub(super) struct Look(Arc<Looking>);

// === impl Looking ===

impl Looking {
    pub(super) fn look(self: &Arc<Self>) -> Look {
        self.0.fetch_add(1, Ordering::AcqRel);
        Look(Arc::clone(self))
    }

    fn nobody(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl HotTraces {
    /// Writes all documents that were received before the call to blocks, merges blocks as far as that makes them fewer,
    /// gives the log back, and deletes what is not needed any more.
    ///
    /// # Errors
    ///
    /// When a part of it fails; the others may have been done.
    pub async fn come_to_rest(&self) -> Result<(), ScanError> {
        self.caught_up().await?;
        self.flush().await?;
        while self.compact(true).await? {}
        self.sweep().await
    }

    /// Writes all documents that were received before the call to blocks.
    ///
    /// # Errors
    ///
    /// When they cannot be read or written; those that were written before stay so.
    pub async fn flush(&self) -> Result<(), ScanError> {
        let _flushing = self.flushing.lock().await;
        let end = {
            // Nobody is between appending and applying: all that the log has is in the index.
            let _nobody = self.appending.write().await;
            *self.unflushed.lock() = None;
            self.log.extent().end
        };
        let began = self.ambient.now_micros();
        let flushed = self.flush_up_to(end).await;
        if flushed.is_err() {
            self.note_unflushed(TimestampMicros(began));
        }
        flushed?;
        let watermark = self.archive.watermark();
        self.log.release(watermark).await?;
        self.room()(&mut self.index.lock());
        Ok(())
    }

    async fn flush_up_to(&self, end: Position) -> Result<(), ScanError> {
        let mut from = self.archive.watermark();
        while from < end {
            let mut rows: Vec<(Lineage, SegmentRow)> = Vec::new();
            let mut next = Some(from);
            let mut bytes = 0;
            let has_room = |rows: usize, bytes: usize| rows < DOCUMENTS && bytes < BYTES;
            while let Some(at) = next.filter(|at| *at < end && has_room(rows.len(), bytes)) {
                let chunk = self.log.scan(at, CHUNK).await?;
                for (position, lineage, row) in chunk.rows {
                    if position < end {
                        bytes += row.weight();
                        rows.push((lineage, row));
                    }
                }
                next = chunk.next;
            }
            let up_to = next.map_or(end, |next| next.min(end));
            self.flush_rows(rows, from..up_to).await?;
            from = up_to;
        }
        Ok(())
    }

    async fn flush_rows(
        &self,
        mut rows: Vec<(Lineage, SegmentRow)>,
        range: std::ops::Range<Position>,
    ) -> Result<(), ScanError> {
        let mut counts: HashMap<TraceId, (u32, u64)> = HashMap::new();
        for (_, row) in &rows {
            let (documents, bytes) = counts.entry(row.trace).or_default();
            *documents += 1;
            *bytes += u64::from(row.bytes);
        }
        let mut ids: Vec<TraceId> = counts.keys().copied().collect();
        ids.sort_unstable();
        let mut traces: Vec<TraceRow> = Vec::with_capacity(ids.len());
        for ids in ids.chunks(TRACES_A_TURN) {
            let projections = self.hot_projections(ids).await?;
            let counts: Vec<(u32, u64)> = projections
                .iter()
                .map(|projection| counts[&projection.id])
                .collect();
            let (live, observers) = (self.archive.live(), Arc::clone(&self.observers));
            let made = self.blocking(move || {
                let rows =
                    projections
                        .iter()
                        .zip(counts)
                        .map(|(projection, (documents, bytes))| {
                            let before = live.row(projection.id)?;
                            let (had, were) = before
                                .as_ref()
                                .map_or((0, 0), |row| (row.documents, row.bytes));
                            let documents = documents.saturating_add(had);
                            let is_again = before.is_some();
                            let mut row =
                                TraceRow::of(projection, documents, bytes + were, is_again);
                            row.groups = observers.memberships(row.trace);
                            Ok(row)
                        });
                rows.collect::<Result<Vec<_>, ScanError>>()
            });
            traces.extend(made.await??);
        }
        // What was let go in between, or could not be read, has no projection: its documents are not kept either.
        let kept: std::collections::HashSet<TraceId> = traces.iter().map(|row| row.trace).collect();
        rows.retain(|(_, row)| kept.contains(&row.trace));
        let log = Arc::clone(&self.log);
        let blocks = self.blocking(move || new_blocks(rows, traces, &log, &range));
        let (blocks, up_to) = blocks.await?;
        self.archive.flush(blocks, up_to).await?;
        Ok(())
    }

    /// The projections of hot traces, as they are now.
    async fn hot_projections(&self, traces: &[TraceId]) -> Result<Vec<Arc<Projection>>, ScanError> {
        self.refresh(traces).await?;
        let mut cold = Vec::new();
        let mut projections: Vec<Arc<Projection>> = {
            let index = self.index.lock();
            let found = traces.iter().filter_map(|trace| {
                let projection = index.projection(*trace);
                if projection.is_none() {
                    cold.push(*trace);
                }
                projection
            });
            found.collect()
        };
        projections.extend(self.cold(&cold).await?);
        Ok(projections)
    }

    /// Merges some blocks; whether there were any to merge.
    pub(super) async fn compact(&self, thoroughly: bool) -> Result<bool, ScanError> {
        // What is merged goes at once, when it is due: it should not be of all times.
        let most_micros = self.settings.retention_micros / 8;
        Ok(self.archive.compact(thoroughly, most_micros).await?)
    }

    /// Notes that a document of this receipt is in no block.
    pub(super) fn note_unflushed(&self, at: TimestampMicros) {
        let mut unflushed = self.unflushed.lock();
        *unflushed = Some(unflushed.map_or(at, |oldest| oldest.min(at)));
    }

    /// Whether it is time for a flush.
    pub(super) fn is_flush_due(&self) -> bool {
        let Some(oldest) = *self.unflushed.lock() else {
            return false;
        };
        let (settings, now) = (&self.settings, self.ambient.now_micros());
        let waits = settings.flush_micros.min(settings.retention_micros);
        let logged = self.log.extent().end.bytes_from(self.archive.watermark());
        now.saturating_sub(oldest.0) >= waits
            || logged >= settings.flush_bytes
            || self.index.lock().memory_bytes()
                > settings.memory_bytes - settings.memory_bytes / SPARE
    }

    /// What makes room in the index.
    pub(super) fn room(&self) -> impl FnOnce(&mut Index) + use<> {
        let limit = self.settings.memory_bytes;
        let (archive, looking) = (Arc::clone(&self.archive), Arc::clone(&self.looking));
        move |index| {
            // Told while the index is held: who begins to look from here on finds there what goes from here.
            let watermark = looking.nobody().then(|| archive.watermark());
            index.shrink_to(limit, watermark);
        }
    }

    /// Waits until there is memory for what comes.
    pub(super) async fn wait_for_room(&self) -> Result<(), LogError> {
        let most = self.settings.memory_bytes + self.settings.memory_bytes / EXCESS;
        if self.index.lock().memory_bytes() <= most {
            return Ok(());
        }
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let changed = self.wakes.flushed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            self.wakes.flush.notify_one();
            if self.index.lock().memory_bytes() <= most {
                return Ok(());
            }
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                return Err(LogError::Behind);
            }
        }
    }
}

/// The rows as blocks, one for each lineage, and up to where they reach.
fn new_blocks(
    rows: Vec<(Lineage, SegmentRow)>,
    mut traces: Vec<TraceRow>,
    log: &crate::documents::DocumentLog,
    range: &std::ops::Range<Position>,
) -> (Vec<NewBlock>, Position) {
    let mut by_lineage: BTreeMap<Lineage, Vec<SegmentRow>> = BTreeMap::new();
    for (lineage, row) in rows {
        by_lineage.entry(lineage).or_default().push(row);
    }
    traces.sort_by_key(TraceRow::place);
    let last = by_lineage.keys().next_back().copied();
    let blocks = by_lineage.into_iter().map(|(lineage, mut segments)| {
        segments.sort_by_key(SegmentRow::place);
        NewBlock {
            from: range.start,
            up_to: range.end,
            lineage,
            model: log.model(lineage).unwrap_or_default(),
            segments,
            traces: match Some(lineage) == last {
                true => std::mem::take(&mut traces),
                false => Vec::new(),
            },
        }
    });
    (blocks.collect(), range.end)
}
