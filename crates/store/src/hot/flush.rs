//! From hot to at rest: what the log has is written to blocks, and the log given back.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fluoro_block::SegmentRow;
use fluoro_block::traces::TraceRow;
use fluoro_model::{Document, TimestampMicros, TraceId};
use fluoro_trace::{Projection, ProjectionLimits, Received, Trace};
use foldhash::{HashMap, HashMapExt, HashSet};

use super::counting::Counting;
use super::index::Index;
use super::{HotTraces, ScanError};
use crate::archive::{Live, NewBlock};
use crate::documents::{DocumentLog, Lineage, STORED};
use crate::log::{LogError, Position};

/// A flush writes at most about so many documents at once: they are in memory meanwhile.
const DOCUMENTS: usize = 32_768;

/// And about so many bytes of rows.
const BYTES: usize = 32 << 20;

/// What the disk cannot read for so many flushes is given up.
const READS: u32 = 5;

/// How much of the log is read at a time, in bytes of its records.
const CHUNK: usize = 4 << 20;

/// How long who has something to put waits for memory: less than exporters and SDKs wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Memory may be exceeded by this part before nothing is taken in any more.
const EXCESS: usize = 4;

/// A flush begins when memory is filled but for this part.
const SPARE: usize = 4;

/// A flush that is due leaves what is younger in the log: its traces are likely to get more documents, and would be counted
/// for a while in vain.
const QUIET: i64 = 10_000_000;

/// But no more than this part of what makes a flush due.
const LEFT: u64 = 4;

/// The latest documents, which are not flushed yet.
#[derive(Debug, Clone, Copy)]
struct Left {
    /// At most so many bytes of the log.
    bytes: u64,
    /// Received since then.
    since: TimestampMicros,
}

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

/// Since when documents are in no block, until a flush has succeeded.
struct Unflushed<'h> {
    hot: &'h HotTraces,
    since: Option<TimestampMicros>,
}

impl Unflushed<'_> {
    fn are_none(mut self) {
        self.since = None;
    }
}

impl Drop for Unflushed<'_> {
    fn drop(&mut self) {
        if let Some(since) = self.since {
            self.hot.note_unflushed([since]);
        }
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
        let done = match self.flush().await {
            Ok(()) => self.compact_all().await,
            failed => failed,
        };
        done.and(self.sweep().await)
    }

    async fn compact_all(&self) -> Result<(), ScanError> {
        while self.compact(true).await? {}
        Ok(())
    }

    /// Writes all documents that were received before the call to blocks.
    ///
    /// # Errors
    ///
    /// When they cannot be read or written; those that were written before stay so.
    pub async fn flush(&self) -> Result<(), ScanError> {
        let nothing = Left {
            bytes: 0,
            since: TimestampMicros(i64::MAX),
        };
        self.flush_but(nothing).await
    }

    /// Writes what is due to blocks: all but the latest documents.
    pub(super) async fn flush_due(&self) -> Result<(), ScanError> {
        let waiting = self.log.extent().end.bytes_from(self.archive.watermark());
        let left = Left {
            bytes: self.left_bytes().min(waiting / 2),
            since: TimestampMicros(self.ambient.now_micros().saturating_sub(QUIET)),
        };
        self.flush_but(left).await
    }

    fn left_bytes(&self) -> u64 {
        self.settings.flush_bytes / LEFT
    }

    async fn flush_but(&self, left: Left) -> Result<(), ScanError> {
        let _flushing = self.flushing.lock().await;
        let (end, unflushed) = {
            // Nobody is between appending and applying: all that the log has is in the index.
            let _nobody = self.appending.write().await;
            let unflushed = Unflushed {
                hot: self,
                since: self.unflushed.lock().take(),
            };
            (self.log.extent().end, unflushed)
        };
        let flushed = self.flush_up_to(end, left).await;
        self.make_room();
        self.note_unflushed(flushed?);
        unflushed.are_none();
        self.log.release(self.archive.watermark()).await?;
        Ok(())
    }

    /// Lets traces go that are at rest until there is room for a while.
    pub(super) fn make_room(&self) {
        let (most, watermark) = (self.settings.memory_bytes / 2, self.archive.watermark());
        let mut index = self.index.lock();
        if index.memory_bytes() > most {
            index.evict(most, watermark, self.looking.nobody());
        }
        drop(index);
        self.wakes.flushed.notify_waiters();
    }

    /// When the first document was received that is left, if any is.
    async fn flush_up_to(
        &self,
        mut end: Position,
        left: Left,
    ) -> Result<Option<TimestampMicros>, ScanError> {
        let mut from = self.archive.known_watermark().await?;
        let (all, mut first_left) = (end, None);
        while from < end {
            let mut rows: Vec<(Lineage, SegmentRow)> = Vec::new();
            let mut next = Some(from);
            let mut bytes = 0;
            let mut of: Option<Lineage> = None;
            let has_room = |rows: usize, bytes: usize| rows < DOCUMENTS && bytes < BYTES;
            while let Some(at) = next.filter(|at| *at < end && has_room(rows.len(), bytes)) {
                let chunk = self.log.scan(at, CHUNK).await?;
                if let Some(error) = chunk.unread
                    && self.reading_failed(at) < READS
                {
                    return Err(error.into());
                }
                let mut newer = None;
                for (position, lineage, row) in chunk.rows {
                    // What a newer model coded is a block of its own; what an older one did still, will be text there.
                    if row.is_coded() && lineage > *of.get_or_insert(lineage) {
                        newer = Some(position);
                        break;
                    }
                    let is_late = row.received >= left.since;
                    if position < end && is_late && all.bytes_from(position) < left.bytes {
                        (end, first_left) = (position, Some(row.received));
                    }
                    if position < end {
                        bytes += row.weight();
                        rows.push((lineage, row));
                    }
                }
                next = newer.or(chunk.next);
                if newer.is_some() {
                    break;
                }
            }
            let up_to = next.map_or(end, |next| next.min(end));
            self.flush_rows(rows, from..up_to).await?;
            // Some of what is at rest now may go.
            self.wakes.flushed.notify_waiters();
            from = up_to;
        }
        Ok(first_left)
    }

    /// How often the log could not be read there.
    fn reading_failed(&self, at: Position) -> u32 {
        let mut failed = self.failed_reads.lock();
        *failed = match *failed {
            (before, times) if before == at => (at, times + 1),
            _ => (at, 1),
        };
        failed.1
    }

    async fn flush_rows(
        &self,
        rows: Vec<(Lineage, SegmentRow)>,
        range: Range<Position>,
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
        let mut counting = self.observers.rollup_maker().map(Counting::new);
        let turns = self.index.lock().turns(&ids);
        for ids in turns {
            let projections = self.hot_projections(ids).await?;
            let counts: Vec<(u32, u64)> = projections
                .iter()
                .map(|projection| counts[&projection.id])
                .collect();
            let live = self.archive.live();
            let (index, observers) = (Arc::clone(&self.index), Arc::clone(&self.observers));
            let up_to = range.end;
            let mut counted = counting.take();
            let then = Arc::clone(&live);
            let made = self.blocking(move || {
                let mut again = Vec::new();
                let rows = projections.iter().zip(counts);
                let rows = rows.map(|(projection, (documents, bytes))| {
                    let at = live.watermark;
                    let hot = index.lock().at_flush(projection.id, at, up_to);
                    let known = hot.as_ref().and_then(|hot| hot.at_rest);
                    let before = at_rest(&live, projection.id, known)?;
                    let is_again = before.is_some();
                    let (had, had_bytes) = before.unwrap_or_default();
                    let documents = documents.saturating_add(had);
                    let mut row = TraceRow::of(projection, documents, bytes + had_bytes, is_again);
                    row.groups = observers.memberships(row.trace);
                    if let Some(counting) = &mut counted {
                        again.extend(counting.take(&live, projection, &mut row, hot)?);
                    }
                    Ok(row)
                });
                let rows = rows.collect::<Result<Vec<_>, ScanError>>();
                rows.map(|rows| (rows, counted, again))
            });
            let (rows, mut counted, again) = made.await??;
            if let Some(counting) = counted.as_mut().filter(|_| !again.is_empty()) {
                let ids = again.iter().map(|row| row.trace).collect();
                let before = self.project_at_rest(&then, ids).await?;
                counting.take_away(&again, &before);
            }
            traces.extend(rows);
            counting = counted;
        }
        let (log, up_to) = (Arc::clone(&self.log), range.end);
        let (limits, live) = (self.settings.projection, self.archive.live());
        let made = self.blocking(move || {
            let known = traces.len();
            add_missing(&rows, &mut traces, &log, limits);
            let are_all_held = known == traces.len();
            if let Some(counting) = &mut counting {
                for row in &traces[known..] {
                    counting.pass_over(&live, row)?;
                }
            }
            let (mut block, damaged) = new_block(rows, traces, &log, &range);
            if let Some(block) = &mut block {
                block.rollups = counting.and_then(Counting::finish);
            }
            Ok::<_, ScanError>((block, damaged, are_all_held))
        });
        let (block, damaged, are_all_held) = made.await??;
        if !are_all_held {
            self.index.lock().begin_at(up_to);
        }
        self.losses.lock().unreadable += damaged;
        // The log is let go up to here, with what was learnt there; what lies behind may need it.
        let models = self.log.models();
        self.archive.flush(block, &models, up_to).await?;
        Ok(())
    }

    /// The projections of hot traces, as they are now.
    pub(super) async fn hot_projections(
        &self,
        traces: &[TraceId],
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
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
        Ok({
            let maker = self.observers.rollup_maker();
            self.archive.compact(thoroughly, most_micros, maker).await?
        })
    }

    /// Notes that documents of these receipts are in no block.
    pub(super) fn note_unflushed(&self, receipts: impl IntoIterator<Item = TimestampMicros>) {
        let mut unflushed = self.unflushed.lock();
        *unflushed = receipts.into_iter().chain(*unflushed).min();
    }

    /// Whether it is time for a flush.
    pub(super) fn is_flush_due(&self) -> bool {
        let (end, watermark) = (self.log.extent().end, self.archive.watermark());
        if end <= watermark {
            return false;
        }
        let (settings, now) = (&self.settings, self.ambient.now_micros());
        let waits = settings.flush_micros.min(settings.retention_micros);
        let unflushed = *self.unflushed.lock();
        unflushed.is_some_and(|oldest| now.saturating_sub(oldest.0) >= waits)
            || end.bytes_from(watermark) >= settings.flush_bytes + self.left_bytes()
            || self.index.lock().memory_bytes()
                > settings.memory_bytes - settings.memory_bytes / SPARE
    }

    /// What makes room in the index.
    pub(super) fn room(&self) -> impl FnOnce(&mut Index) + use<> {
        let limit = self.settings.memory_bytes;
        let most = self.most_memory();
        let (archive, looking) = (Arc::clone(&self.archive), Arc::clone(&self.looking));
        // Told while the index is held: who begins to look from here on finds there what goes from here.
        move |index| index.shrink_to(limit..most, archive.watermark(), looking.nobody())
    }

    /// With so much in memory nothing is taken in any more.
    pub(super) fn most_memory(&self) -> usize {
        self.settings.memory_bytes + self.settings.memory_bytes / EXCESS
    }

    /// With so much in memory projections will soon have to go that are needed for what comes to rest.
    pub(super) fn filled_memory(&self) -> usize {
        self.settings.memory_bytes + self.settings.memory_bytes / EXCESS / 2
    }

    /// Waits until there is memory for what comes.
    pub(super) async fn wait_for_room(&self) -> Result<(), LogError> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        match self.memory_below(self.most_memory(), deadline).await {
            true => Ok(()),
            false => Err(LogError::Behind),
        }
    }

    /// Waits until no more than this is in memory, for as long as that may take; whether it is so.
    pub(super) async fn memory_below(&self, most: usize, deadline: tokio::time::Instant) -> bool {
        if self.index.lock().memory_bytes() <= most {
            return true;
        }
        loop {
            let changed = self.wakes.flushed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            self.wakes.flush.notify_one();
            self.room()(&mut self.index.lock());
            if self.index.lock().memory_bytes() <= most {
                return true;
            }
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                return false;
            }
        }
    }
}

/// How many documents of the trace there are in blocks, and how long they are; `None` when there is no row of it.
fn at_rest(
    live: &Live,
    trace: TraceId,
    known: Option<(u32, u64)>,
) -> Result<Option<(u32, u64)>, ScanError> {
    if let Some(known) = known {
        return Ok((known.0 > 0).then_some(known));
    }
    match live.amount(trace) {
        // Of one that is damaged there is a row, perhaps.
        Err(error) if error.is_damage() => Ok(Some((0, 0))),
        amount => Ok(amount?),
    }
}

/// Adds rows of those traces that the index does not have any more: of the documents in hand, as far as they can be read.
fn add_missing(
    rows: &[(Lineage, SegmentRow)],
    traces: &mut Vec<TraceRow>,
    log: &DocumentLog,
    limits: ProjectionLimits,
) {
    let known: HashSet<TraceId> = traces.iter().map(|row| row.trace).collect();
    let mut missing: HashMap<TraceId, (Vec<Received>, u64)> = HashMap::new();
    for (lineage, row) in rows.iter().filter(|(_, row)| !known.contains(&row.trace)) {
        let model = log.model(*lineage).unwrap_or_default();
        let Ok(json) = row.document(&model) else {
            continue;
        };
        let Ok(document) = Document::parse_facts(STORED, &json) else {
            continue;
        };
        let (received, bytes) = missing.entry(row.trace).or_default();
        received.push(Received {
            document: Arc::new(document),
            at: row.received,
        });
        *bytes += u64::from(row.bytes);
    }
    traces.extend(missing.into_iter().map(|(trace, (received, bytes))| {
        let projection = Trace::assemble(trace, &received).projection_within(limits);
        let documents = u32::try_from(received.len()).unwrap_or(u32::MAX);
        // Whether there is an older row is not known: to say so costs a look.
        TraceRow::of(&projection, documents, bytes, true)
    }));
}

/// The rows as a block, unless there are none, and how many documents are damaged.
///
/// A block is of one lineage: what was coded with another model becomes text again, which is rare.
fn new_block(
    rows: Vec<(Lineage, SegmentRow)>,
    mut traces: Vec<TraceRow>,
    log: &DocumentLog,
    range: &Range<Position>,
) -> (Option<NewBlock>, u64) {
    let coded = rows.iter().filter(|(_, row)| row.is_coded());
    let newest = coded.map(|(lineage, _)| *lineage).max();
    let lineage = newest.unwrap_or_else(|| log.newest());
    let (mut segments, mut damaged) = (Vec::with_capacity(rows.len()), 0);
    for (own, mut row) in rows {
        if own != lineage && row.is_coded() {
            let model = log.model(own).unwrap_or_default();
            match row.document(&model) {
                Ok(document) => row.store_as_text(&document),
                Err(_) => {
                    damaged += 1;
                    continue;
                }
            }
        }
        segments.push(row);
    }
    if segments.is_empty() {
        return (None, damaged);
    }
    segments.sort_by_key(SegmentRow::place);
    traces.sort_by_key(TraceRow::place);
    let block = NewBlock {
        from: range.start,
        up_to: range.end,
        lineage,
        model: log.model(lineage).unwrap_or_default(),
        segments,
        traces,
        rollups: None,
    };
    (Some(block), damaged)
}
