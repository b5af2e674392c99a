//! Hot traces: what was received lately, assembled live from the log, readable as soon as it is acknowledged.
//!
//! It keeps where each trace's documents lie in the log, and each trace's projection; what documents say only in a
//! bounded [`cache`]. When memory runs short, the oldest projections go first; they are made again from the log for whoever asks. A
//! projection is made anew when its trace was touched: by a task of its own once no more documents of it come, or at once
//! when somebody asks. After a restart all is rebuilt from the log ([`HotTraces::caught_up`]).
//!
//! Whoever keeps more about traces than a projection says is told of each as it is made ([`ProjectionObserver`]).
//!
//! What is let go (too much for memory, too old, the log too large) is counted ([`HotTraces::losses`]), never silent.

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

use crate::documents::DocumentLog;
use crate::log::Position;
use crate::scan::{Axis, Candidates, Found, Scan, ScanError};

mod cache;
mod index;
mod observe;
mod refresh;
mod replay;
mod sweep;
#[cfg(test)]
mod tests;
mod weigh;

use cache::DocumentCache;
use index::Index;
use observe::Observers;
pub use observe::ProjectionObserver;
use refresh::{Refusals, TURNS_A_CACHE, Wakes};

/// What of the hot traces can be chosen.
#[derive(Debug, Clone, Copy)]
pub struct HotSettings {
    /// How much memory projections and positions may take, in bytes, roughly. Beyond it the oldest projections go
    /// and are made again when somebody asks; when there are none left, the oldest traces.
    pub memory_bytes: usize,
    /// How much memory what the latest documents say may take, in bytes, roughly.
    pub cache_bytes: usize,
    /// How long after its receipt a document is kept, in microseconds.
    pub retention_micros: i64,
    /// How large the log may grow at rest, in bytes. Beyond it the oldest files go, with the documents in them.
    pub log_bytes: u64,
    /// How much of each trace is indexed.
    pub projection: ProjectionLimits,
}

impl Default for HotSettings {
    fn default() -> Self {
        Self {
            memory_bytes: 192 << 20,
            cache_bytes: 48 << 20,
            retention_micros: 30 * 24 * 3600 * 1_000_000,
            log_bytes: 20 << 30,
            projection: ProjectionLimits::default(),
        }
    }
}

/// A document that the log has made durable.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Where it lies.
    pub position: Position,
    /// When it was received.
    pub at: TimestampMicros,
    /// How long it is as JSON, in bytes.
    pub bytes: usize,
    /// What it says; its metadata is not asked for.
    pub facts: Arc<Document>,
    /// The JSON in which it says so, without metadata.
    pub facts_json: Bytes,
}

/// How many documents were let go, by cause, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// The oldest, when memory ran out.
    pub memory: u64,
    /// Those older than the retention.
    pub age: u64,
    /// The oldest, when the log grew too large.
    pub log_size: u64,
    /// Those that the log could not give back: damage.
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

/// The traces received lately.
#[derive(Debug)]
pub struct HotTraces {
    ambient: Ambient,
    log: Arc<DocumentLog>,
    settings: HotSettings,
    index: Arc<Mutex<Index>>,
    observers: Arc<Observers>,
    cache: Mutex<DocumentCache>,
    losses: Mutex<Losses>,
    refusals: Arc<Refusals>,
    /// Where the log ended at the last sweep: what lies before is in the index or will never be.
    settled: Mutex<Position>,
    progress: watch::Sender<Progress>,
    wakes: Arc<Wakes>,
    /// How many bytes the cache took in this turn.
    taken: AtomicUsize,
    /// Projections are made by one at a time, so that readers who come together do not all do the same work.
    refreshing: tokio::sync::Mutex<()>,
    /// How many blocking threads we use at once.
    threads: Arc<Semaphore>,
}

/// How many blocking threads assembling may use at once.
const THREADS: usize = 2;

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
        let index = Index::new(!observers.is_empty());
        let hot = Arc::new(Self {
            refusals: Arc::new(Refusals::new(ambient.clone())),
            ambient,
            log,
            settings,
            index: Arc::new(Mutex::new(index)),
            observers: Arc::new(Observers::new(observers)),
            cache: Mutex::new(DocumentCache::new(settings.cache_bytes)),
            losses: Mutex::default(),
            settled: Mutex::new(Position::START),
            progress: watch::Sender::new(Progress {
                documents: 0,
                percent_read: 0,
                traces_waiting: 0,
                caught_up: false,
                failed: false,
            }),
            wakes: Arc::default(),
            taken: AtomicUsize::new(0),
            refreshing: tokio::sync::Mutex::default(),
            threads: Arc::new(Semaphore::new(THREADS)),
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

    /// Takes documents that the log has made durable. From now on they are found.
    pub fn apply(&self, arrivals: &[Arrival]) {
        let cached: usize = {
            let mut cache = self.cache.lock();
            let cached = arrivals.iter().map(|arrival| {
                let facts = Arc::clone(&arrival.facts);
                cache.insert(arrival.position, arrival.facts_json.clone(), facts)
            });
            cached.sum()
        };
        let let_go = {
            let mut index = self.index.lock();
            for arrival in arrivals {
                let place = index::Place::new(arrival.position, arrival.at, arrival.bytes);
                index.add(arrival.facts.trace_id, place, is_whole(&arrival.facts));
            }
            index.shrink_to(self.settings.memory_bytes)
        };
        self.losses.lock().memory += let_go;
        self.wakes.touched.notify_one();
        let taken = self.taken.fetch_add(cached, Ordering::Relaxed) + cached;
        if taken > self.settings.cache_bytes / TURNS_A_CACHE {
            self.taken.store(0, Ordering::Relaxed);
            self.wakes.hurried.notify_one();
        }
    }

    /// How many bytes of JSON are held of this trace.
    #[must_use]
    pub fn trace_bytes(&self, trace: TraceId) -> u64 {
        self.index.lock().trace_bytes(trace)
    }

    /// All documents of one trace, in the order received, to be handed to `Trace::assemble`; none when nothing of it
    /// is known.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub async fn documents(&self, trace: TraceId) -> Result<Vec<Received>, ScanError> {
        let places = self.index.lock().places(trace);
        self.read_documents(places).await
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
        Ok(self.cold(&[trace]).await?.pop())
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

    /// The projections of all traces that are meant, perhaps of some others, and which the columns ruled out.
    ///
    /// # Errors
    ///
    /// When documents cannot be read.
    pub async fn find(&self, candidates: &Candidates) -> Result<Found, ScanError> {
        self.refresh_all().await?;
        let found = self.index.lock().find(candidates);
        let mut projections = found.projections;
        projections.extend(self.cold(&found.cold).await?);
        Ok(Found {
            projections,
            passed_over: found.passed_over,
            rest: found.rest,
        })
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
        *self.losses.lock()
    }

    /// What is held now.
    #[must_use]
    pub fn held(&self) -> Held {
        let cache_bytes = self.cache.lock().bytes();
        let index = self.index.lock();
        Held {
            traces: index.len(),
            documents: index.documents(),
            memory_bytes: index.memory_bytes(),
            cache_bytes,
        }
    }

    /// Runs work that takes long on a blocking thread; at most [`THREADS`] at once.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ScanError> {
        let permit = Arc::clone(&self.threads)
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
        self.index.lock().held_since()
    }

    async fn projections(
        &self,
        candidates: &Candidates,
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        Ok(Self::find(self, candidates).await?.projections)
    }

    async fn find(&self, candidates: &Candidates) -> Result<Found, ScanError> {
        Self::find(self, candidates).await
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
