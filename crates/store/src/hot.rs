//! Hot traces: what was received lately, assembled live from the log, readable as soon as it is acknowledged.
//!
//! It keeps where each trace's documents lie in the log, and each trace's projection; what documents say only in a
//! bounded [`cache`], and of the latest how they are coded. When memory runs short, traces go that are at rest, then the latest
//! projections, which are made again from the log for whoever asks. A projection is made anew when its trace was touched: by a
//! task of its own once no more documents of it come, or at once when somebody asks. After a restart what is not at rest is
//! rebuilt from the log ([`HotTraces::caught_up`]).
//!
//! Whoever keeps more about traces than a projection says is told of each as it is made ([`ProjectionObserver`]).
//!
//! What is let go (too old, or log and blocks too large) is counted ([`HotTraces::losses`]), never silent.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_filter::Columns;
use fluoro_model::document::{Document, Kind};
use fluoro_model::{SegmentId, TimestampMicros, TraceId};
use fluoro_trace::{Projection, ProjectionLimits, Received};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::archive::{Archive, BlockRecord};
use crate::blocks::MemoryBlocks;
use crate::catalog::{Catalog, MemoryCatalog};
use crate::documents::{Coded, DocumentLog, Logged, Row};
use crate::log::{LogError, Position};
use crate::rollups::RolledUp;
use crate::scan::{Axis, Budget, Candidates, Finding, Found, Scan, ScanError};

mod batches;
mod cache;
mod cold;
mod counting;
mod flush;
mod index;
mod lately;
mod observe;
mod pace;
mod projector;
mod refresh;
mod replay;
mod rolled;
pub mod snapshot;
mod stored;
mod sweep;
#[cfg(test)]
mod tests;

use cache::FactsCache;
pub use fluoro_block::traces::Membership;
use flush::Looking;
use index::{Index, Rest};
use lately::Lately;
use observe::Observers;
pub use observe::ProjectionObserver;
use pace::Pace;
use refresh::{TURNS_A_CACHE, Wakes};
use stored::Refusals;

/// What of the hot traces can be chosen.
#[derive(Debug, Clone, Copy)]
pub struct HotSettings {
    /// How much memory projections and positions may take, in bytes, roughly. Beyond it what is at rest goes. With a quarter
    /// more nothing is taken in, projections are made only for who asks and for what comes to rest, and the latest go, which
    /// are made again.
    pub memory_bytes: usize,
    /// How much memory the latest documents may take, read and as they are coded, in bytes, roughly; and half as much again
    /// what traces at rest say that were asked for lately.
    pub cache_bytes: usize,
    /// How much memory what blocks say of themselves may take, in bytes, roughly; bloom filters of trace ids, about four bytes
    /// a trace, are held besides.
    pub metadata_bytes: usize,
    /// How long after its receipt a document is kept, in microseconds.
    pub retention_micros: i64,
    /// How large log and blocks may grow together, in bytes. Beyond it the oldest blocks go.
    pub disk_bytes: u64,
    /// After so long a document is written to a block, in microseconds.
    pub flush_micros: i64,
    /// When so much of the log is in no block yet, it is written to one, in bytes.
    pub flush_bytes: u64,
    /// How much of each trace is indexed.
    pub projection: ProjectionLimits,
    /// How much memory questions under way may take together, in bytes, roughly.
    pub question_bytes: usize,
    /// How many questions look through many traces at a time.
    pub scans_at_once: usize,
}

impl Default for HotSettings {
    fn default() -> Self {
        Self {
            memory_bytes: 112 << 20,
            cache_bytes: 48 << 20,
            metadata_bytes: 64 << 20,
            retention_micros: 30 * 24 * 3600 * 1_000_000,
            disk_bytes: 20 << 30,
            flush_micros: 600 * 1_000_000,
            flush_bytes: 16 << 20,
            projection: ProjectionLimits::default(),
            question_bytes: 128 << 20,
            scans_at_once: 2,
        }
    }
}

// === impl HotSettings ===

impl HotSettings {
    /// How much of the cache parsed documents take at most.
    const fn facts_bytes(&self) -> usize {
        self.cache_bytes - self.cache_bytes / CODED_AT_LEAST
    }
}

/// A document that the log has made durable.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Where it lies.
    pub position: Position,
    /// When it was received.
    pub at: TimestampMicros,
    /// What came in.
    pub document: Incoming,
}

/// A document that came in.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// How long it is as JSON, in bytes.
    pub bytes: usize,
    /// What it says; its metadata is not asked for.
    pub facts: Arc<Document>,
}

/// How many documents were let go, by cause, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// Those older than the retention.
    pub age: u64,
    /// The oldest, when log and blocks grew too large.
    pub disk: u64,
    /// Those that log or blocks could not give back: damage. Of a trace that is damaged at rest, at least one.
    pub unreadable: u64,
}

/// How far the rebuilding after a start is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Documents found in the log so far.
    pub documents: u64,
    /// How much of the log was read, in hundredths.
    pub percent_read: u8,
    /// Traces whose projection is still to be made.
    pub traces_waiting: usize,
    /// Whether all is found again: everybody may be answered.
    pub caught_up: bool,
    /// Whether it was given up, as the log could not be read.
    pub failed: bool,
}

/// How much is held now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Traces.
    pub traces: usize,
    /// Their documents.
    pub documents: usize,
    /// What positions and projections take, in bytes, roughly.
    pub memory_bytes: usize,
    /// What the document cache takes, in bytes, roughly.
    pub cache_bytes: usize,
}

/// How much there is, hot and at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Traces, roughly: those that came again after they had come to rest may be counted twice for a while.
    pub traces: u64,
    /// Documents.
    pub documents: u64,
    /// What the log takes on disk, in bytes.
    pub log_bytes: u64,
    /// What is held in memory of what blocks say of themselves, in bytes, roughly.
    pub metadata_bytes: u64,
    /// The blocks, the oldest first.
    pub blocks: Vec<BlockRecord>,
}

/// The traces received lately.
#[derive(Debug)]
pub struct HotTraces {
    ambient: Ambient,
    log: Arc<DocumentLog>,
    archive: Arc<Archive>,
    settings: HotSettings,
    index: Arc<Mutex<Index>>,
    observers: Arc<Observers>,
    cache: Mutex<FactsCache>,
    lately: Mutex<Lately>,
    losses: Arc<Mutex<Losses>>,
    refusals: Arc<Refusals>,
    /// Held by everybody between appending and applying.
    appending: tokio::sync::RwLock<()>,
    /// Where a flush could not read the log last, and how often.
    failed_reads: Mutex<(Position, u32)>,
    /// Held while a flush goes on.
    flushing: tokio::sync::Mutex<()>,
    /// When the oldest document was received that is in no block, as far as that was noted.
    unflushed: Mutex<Option<TimestampMicros>>,
    /// Held by those who look among the hot traces first and at rest then, so that nothing goes from here meanwhile.
    looking: Arc<Looking>,
    progress: watch::Sender<Progress>,
    wakes: Arc<Wakes>,
    pace: Pace,
    /// How many bytes the cache took in this turn.
    taken: AtomicUsize,
    /// Projections are made by one at a time, so that readers who come together do not all do the same work.
    refreshing: tokio::sync::Mutex<()>,
    /// When a question was asked last for which all projections were made.
    asked: Mutex<Option<Instant>>,
    /// How many blocking threads we use at once.
    threads: Arc<Semaphore>,
    /// How many are used at once by those who look for traces at rest: nobody else waits for them.
    searchers: Arc<Semaphore>,
    /// How many traces are read whole at once: what that takes is in nobody's account until it is handed out.
    readers: Semaphore,
    /// What questions under way hold.
    budget: Arc<Budget>,
}

/// One part in so many of the cache is for documents as they are coded, at least: what parsed ones leave of it.
const CODED_AT_LEAST: usize = 4;

/// How many blocking threads assembling may use at once.
const THREADS: usize = 2;

/// How many traces are read whole at once.
const READERS: usize = 4 * THREADS;

// === impl HotTraces ===

impl HotTraces {
    /// Starts rebuilding from the log, and the tasks that keep projections fresh and memory bounded. They end when
    /// the last handle is dropped. Call within a tokio runtime.
    #[must_use]
    pub fn open(ambient: Ambient, log: Arc<DocumentLog>, settings: HotSettings) -> Arc<Self> {
        Self::open_observed(ambient, log, settings, Vec::new())
    }

    /// As [`open`](Self::open), with observers, which are told from the first document on.
    #[must_use]
    pub fn open_observed(
        ambient: Ambient,
        log: Arc<DocumentLog>,
        settings: HotSettings,
        observers: Vec<Arc<dyn ProjectionObserver>>,
    ) -> Arc<Self> {
        let catalog: Arc<dyn Catalog> = Arc::new(MemoryCatalog::default());
        let archive = Archive::empty(Arc::new(MemoryBlocks::default()), &catalog);
        Self::open_with(ambient, log, Arc::new(archive), settings, observers)
    }

    /// As [`open_observed`](Self::open_observed), with a place for traces at rest that outlives the process.
    #[must_use]
    pub fn open_with(
        ambient: Ambient,
        log: Arc<DocumentLog>,
        archive: Arc<Archive>,
        settings: HotSettings,
        observers: Vec<Arc<dyn ProjectionObserver>>,
    ) -> Arc<Self> {
        let index = Index::new(!observers.is_empty());
        log.hold_recent(settings.cache_bytes);
        archive.hold_metadata(settings.metadata_bytes);
        let hot = Arc::new(Self {
            refusals: Arc::new(Refusals::new(ambient.clone())),
            ambient,
            log,
            archive,
            settings,
            index: Arc::new(Mutex::new(index)),
            observers: Arc::new(Observers::new(observers)),
            cache: Mutex::new(FactsCache::new(settings.facts_bytes())),
            lately: Mutex::new(Lately::new(settings.cache_bytes / 2)),
            losses: Arc::default(),
            appending: tokio::sync::RwLock::default(),
            failed_reads: Mutex::default(),
            flushing: tokio::sync::Mutex::default(),
            unflushed: Mutex::default(),
            looking: Arc::default(),
            progress: watch::Sender::new(Progress {
                documents: 0,
                percent_read: 0,
                traces_waiting: 0,
                caught_up: false,
                failed: false,
            }),
            wakes: Arc::default(),
            pace: Pace::default(),
            taken: AtomicUsize::new(0),
            refreshing: tokio::sync::Mutex::default(),
            asked: Mutex::default(),
            threads: Arc::new(Semaphore::new(THREADS)),
            searchers: Arc::new(Semaphore::new(THREADS)),
            readers: Semaphore::new(READERS),
            budget: Budget::new(settings.question_bytes, settings.scans_at_once),
        });
        tokio::spawn(replay::run(Arc::downgrade(&hot), hot.log.extent()));
        tokio::spawn(refresh::run(Arc::downgrade(&hot), Arc::clone(&hot.wakes)));
        tokio::spawn(sweep::run(Arc::downgrade(&hot)));
        hot
    }

    /// How far the rebuilding is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let traces_waiting = self.index.lock().stale_count();
        Progress {
            traces_waiting,
            ..*self.progress.borrow()
        }
    }

    /// Waits until all that the log held at the start is readable. Its projections are made then, in the background:
    /// the first who asks for a time range waits for them.
    ///
    /// # Errors
    ///
    /// When the log cannot be read; it was logged.
    pub async fn caught_up(&self) -> Result<(), ScanError> {
        let mut progress = self.progress.subscribe();
        let done = progress.wait_for(|progress| progress.caught_up || progress.failed);
        match done.await {
            Ok(progress) if progress.failed => Err(ScanError::NotRebuilt),
            Ok(_) => Ok(()),
            Err(_) => Err(ScanError::Closed),
        }
    }

    /// Codes documents for [`HotTraces::put`]; see [`DocumentLog::code`].
    pub fn code<'d>(&self, documents: impl Iterator<Item = (&'d Document, &'d Bytes)>) -> Coded {
        self.log.code(documents)
    }

    /// Appends documents to the log and takes them in: when it is done, they are durable and found.
    ///
    /// Waits a while for memory that is due to be given back, and for projections where these are behind.
    ///
    /// # Errors
    ///
    /// [`LogError::Behind`] when there is no memory, otherwise as [`Log::append`](crate::log::Log::append).
    pub async fn put(
        &self,
        row: Row,
        at: TimestampMicros,
        coded: Coded,
        documents: impl Iterator<Item = Incoming>,
    ) -> Result<(), LogError> {
        if let Err(error) = self.wait_for_room().await {
            self.log.give_up(&coded);
            return Err(error);
        }
        if row == Row::Second {
            self.keep_pace(coded.documents()).await;
        }
        let _appending = self.appending.read().await;
        let positions = self.log.append(row, at, coded).await?;
        let arrivals: Vec<Arrival> = positions
            .into_iter()
            .zip(documents)
            .map(|(position, document)| Arrival {
                position,
                at,
                document,
            })
            .collect();
        self.apply(&arrivals);
        Ok(())
    }

    /// Takes documents that the log has made durable. From now on they are found.
    pub fn apply(&self, arrivals: &[Arrival]) {
        let (taken, facts_bytes) = {
            let mut cache = self.cache.lock();
            let taken = arrivals
                .iter()
                .map(|arrival| cache.insert(arrival.position, Arc::clone(&arrival.document.facts)));
            (taken.sum::<usize>(), cache.bytes())
        };
        self.log
            .hold_recent(self.settings.cache_bytes - facts_bytes);
        {
            let mut index = self.index.lock();
            for arrival in arrivals {
                let Incoming { facts, bytes } = &arrival.document;
                let place = index::Place::new(arrival.position, arrival.at, *bytes);
                index.add(facts.trace_id, place, is_whole(facts));
            }
            self.room()(&mut index);
        }
        self.note_unflushed(arrivals.iter().map(|arrival| arrival.at));
        self.wakes.touched.notify_one();
        let taken = self.taken.fetch_add(taken, Ordering::Relaxed) + taken;
        if taken > self.settings.facts_bytes() / TURNS_A_CACHE {
            self.taken.store(0, Ordering::Relaxed);
            self.wakes.hurried.notify_one();
        }
    }

    /// How many bytes of JSON there are of this trace. Blocks where the trace may be at rest.
    #[must_use]
    pub fn trace_bytes(&self, trace: TraceId) -> u64 {
        let (live, (all, after, rest)) = loop {
            let live = self.archive.live();
            let bytes = self.index.lock().trace_bytes(trace, live.watermark);
            // What was evicted in between is in newer blocks.
            if live.watermark == self.archive.watermark() {
                break (live, bytes);
            }
        };
        if rest == Rest::Nothing || !live.may_have(trace) {
            return all;
        }
        // That it cannot be read is said where it is asked for.
        let at_rest = live.amount(trace).ok().flatten();
        after + at_rest.map_or(0, |(_, bytes)| bytes)
    }

    /// All documents of one trace, in the order received, to be handed to `Trace::assemble`; none when nothing of it
    /// is known.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub async fn documents(&self, trace: TraceId) -> Result<Vec<Received>, ScanError> {
        self.read_documents(trace).await
    }

    /// The documents of each of these traces as they came, in the order received; none of a trace of which nothing is
    /// known. Traces that are close to each other by their ids are read together.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub async fn stored(&self, traces: &[TraceId]) -> Result<Vec<Vec<Logged>>, ScanError> {
        let stored = self.read_stored(traces).await?.into_iter();
        let logged = |(received, document)| Logged { received, document };
        Ok(stored
            .map(|documents| documents.into_iter().map(logged).collect())
            .collect())
    }

    /// The projection of one trace; `None` when nothing of it is known.
    ///
    /// # Errors
    ///
    /// When its documents cannot be read.
    pub async fn by_id(&self, trace: TraceId) -> Result<Option<Arc<Projection>>, ScanError> {
        self.refresh(&[trace]).await?;
        if let Some(projection) = self.index.lock().projection(trace) {
            return Ok(Some(projection));
        }
        // It may have had to make room at once.
        if let Some(projection) = self.cold(&[trace]).await?.pop() {
            return Ok(Some(projection));
        }
        let live = self.archive.live();
        if !live.may_have(trace) {
            return Ok(None);
        }
        Ok(self.project_at_rest(&live, vec![trace]).await?.pop())
    }

    /// The projections of all traces whose time `by` lies in the range, and perhaps of some others.
    ///
    /// # Errors
    ///
    /// When documents cannot be read.
    pub async fn projections(
        &self,
        range: Range<TimestampMicros>,
        by: Axis,
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        let candidates = Candidates {
            range,
            by,
            columns: Columns::Anything,
            latest: None,
        };
        Ok(self.find(&candidates).await?.projections)
    }

    /// The projections of all traces that are meant, perhaps of some others, and which the columns ruled out: all at once.
    ///
    /// # Errors
    ///
    /// When documents cannot be read.
    pub async fn find(&self, candidates: &Candidates) -> Result<Found, ScanError> {
        self.open_scan(candidates).await?.all().await
    }

    /// What questions under way hold.
    #[must_use]
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// The segments and subsegments that name a parent which has not come, as far as projections are in memory.
    ///
    /// # Errors
    ///
    /// When documents cannot be read.
    pub async fn orphans(&self) -> Result<Vec<(TraceId, SegmentId)>, ScanError> {
        self.refresh_all().await?;
        Ok(self.index.lock().orphans())
    }

    /// What was let go since the start.
    #[must_use]
    pub fn losses(&self) -> Losses {
        let mut losses = *self.losses.lock();
        losses.unreadable += self.archive.unreadable();
        losses
    }

    /// What is held now.
    #[must_use]
    pub fn held(&self) -> Held {
        let cache_bytes = self.cache.lock().bytes() + self.log.recent_bytes();
        let index = self.index.lock();
        Held {
            traces: index.len(),
            documents: index.documents(),
            memory_bytes: index.memory_bytes(),
            cache_bytes,
        }
    }

    /// How much there is, hot and at rest. Counts all hot traces.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let live = self.archive.live();
        let (documents, traces) = self.index.lock().beyond(live.watermark);
        let blocks: Vec<BlockRecord> = live
            .blocks
            .iter()
            .map(|block| block.record.clone())
            .collect();
        Kept {
            traces: live.traces + traces,
            documents: documents + blocks.iter().map(|block| block.documents).sum::<u64>(),
            log_bytes: self.log.extent().bytes,
            metadata_bytes: self.archive.metadata_bytes(),
            blocks,
        }
    }

    /// Runs work that takes long on a blocking thread; at most [`THREADS`] at once.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ScanError> {
        with_permit(&self.threads, work).await
    }

    /// The same, for looking for traces at rest.
    async fn searching<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ScanError> {
        with_permit(&self.searchers, work).await
    }
}

async fn with_permit<T: Send + 'static>(
    threads: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ScanError> {
    let permit = Arc::clone(threads)
        .acquire_owned()
        .await
        .map_err(|_| ScanError::Closed)?;
    let done = tokio::task::spawn_blocking(move || {
        let result = work();
        drop(permit);
        result
    });
    done.await.map_err(|_| ScanError::Closed)
}

/// What was hot at some moment.
#[derive(Debug, Clone, Copy)]
struct HotThen {
    /// How many changes of the index there had been.
    generation: u64,
    /// When the oldest document was received.
    since: Option<TimestampMicros>,
    /// From where on all documents were of hot traces.
    from: Position,
}

/// Whether a document may be all there is of its trace: a segment that nobody called, and that has ended.
fn is_whole(document: &Document) -> bool {
    match &document.kind {
        Kind::Segment(fields) => fields.parent_id.is_none() && !document.entity.is_open(),
        Kind::Subsegment { .. } => false,
    }
}

#[async_trait]
impl Scan for HotTraces {
    async fn settle(&self) -> Result<(), ScanError> {
        self.refresh_all().await?;
        if self.observers.is_empty() {
            return Ok(());
        }
        let observers = Arc::clone(&self.observers);
        self.blocking(move || observers.wait_until_told()).await
    }

    fn held_since(&self) -> Option<TimestampMicros> {
        let blocks = self.archive.blocks();
        let at_rest = blocks
            .iter()
            .map(|block| TimestampMicros(block.first_received));
        at_rest.chain(self.index.lock().held_since()).min()
    }

    async fn projections(
        &self,
        candidates: &Candidates,
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        Ok(Self::find(self, candidates).await?.projections)
    }

    async fn open<'s>(&'s self, candidates: &Candidates) -> Result<Finding<'s>, ScanError> {
        self.open_scan(candidates).await
    }

    async fn minutes(
        &self,
        of: &str,
        minutes: Range<i64>,
    ) -> Result<Option<RolledUp<'_>>, ScanError> {
        Self::minutes(self, of, minutes).await
    }

    async fn by_id(&self, trace: TraceId) -> Result<Option<Arc<Projection>>, ScanError> {
        Self::by_id(self, trace).await
    }

    async fn documents(&self, trace: TraceId) -> Result<Vec<Received>, ScanError> {
        Self::documents(self, trace).await
    }
}

impl Drop for HotTraces {
    /// Lets the task that keeps projections fresh see that it is over.
    fn drop(&mut self) {
        self.wakes.touched.notify_one();
    }
}
