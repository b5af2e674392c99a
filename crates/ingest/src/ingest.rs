//! The way of a batch: parse, validate, append, apply, answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_ambient::{Ambient, Seldom};
use fluoro_model::document::{Document, Limits, Refusal};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_store::documents::{Coded, Row};
use fluoro_store::hot::{HotTraces, Incoming};
use fluoro_store::log::LogError;
use fluoro_store::scan::ScanError;
use foldhash::{HashMap, HashMapExt};
use tokio::sync::Semaphore;

use crate::complete::{Completion, OpenTraces};
use crate::ledger::{Cause, Ledger, LedgerLine};
use crate::origin::Origins;
use crate::queue::{self, Queue};
use crate::sink::{OpenWork, Source, TraceSink};

/// What of ingest can be chosen.
#[derive(Debug, Clone, Copy)]
pub struct IngestSettings {
    /// How many bytes of documents one trace may have together: one that has more takes no further ones. AWS: 100 to
    /// 500 KB, depending on how it is sent.
    pub trace_bytes: usize,
    /// How many bytes one document may have.
    pub document_bytes: usize,
    /// How many bytes of recorded documents may wait; beyond it they are dropped and counted.
    pub queue_bytes: usize,
    /// How many bytes of batches may be on their way at once; beyond it [`Ingest::put`] waits, and then refuses.
    pub in_flight_bytes: usize,
    /// How long [`Ingest::put`] waits for its turn.
    pub patience: Duration,
}

impl Default for IngestSettings {
    fn default() -> Self {
        Self {
            trace_bytes: 500 << 10,
            document_bytes: Limits::default().bytes,
            queue_bytes: 16 << 20,
            in_flight_bytes: 32 << 20,
            patience: Duration::from_secs(2),
        }
    }
}

/// Why a batch was not taken. Nothing of it was stored, as far as the sender needs to know.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IngestError {
    /// Too much is on its way; try again.
    #[error("too many documents at once")]
    Busy,
    /// The log did not take it.
    #[error("failed to make documents durable")]
    Log(#[from] LogError),
    /// The server is going down.
    #[error("ingest is closed")]
    Closed,
}

impl IngestError {
    /// Whether the same batch may be taken later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Busy => true,
            Self::Log(error) => error.is_retryable(),
            Self::Closed => false,
        }
    }
}

/// Takes documents in.
#[derive(Debug)]
pub struct Ingest {
    intake: Arc<Intake>,
    queue: Queue,
}

/// What a batch needs on its way.
#[derive(Debug)]
pub(crate) struct Intake {
    ambient: Ambient,
    hot: Arc<HotTraces>,
    settings: IngestSettings,
    pub(crate) ledger: Ledger,
    origins: Origins,
    open: OpenTraces,
    lost: Seldom,
    /// The last receipt time given: each delivery has its own.
    last_receipt: AtomicI64,
    /// Bytes on their way, in units of [`FLIGHT_UNIT`].
    flight: Arc<Semaphore>,
    threads: Arc<Semaphore>,
    /// Recorded documents do not queue behind answered ones, here or in the log.
    recorded_threads: Arc<Semaphore>,
}

/// How documents came, and so whether they can be kept waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Their sender waits for the answer.
    Answered,
    /// Nobody waits, and nobody would send them again.
    Recorded,
}

/// Documents of one sender that came together.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) source: Source,
    pub(crate) documents: Vec<Delivery>,
}

/// A document on its way in.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// As a sender wrote it.
    Text(Bytes),
    /// As we wrote it ourselves, and so know what it says.
    Read(ReadDocument),
}

/// A document and what it says: what [`Document::parse_facts`] makes of `json`, from one who wrote both side by side.
#[derive(Debug, Clone)]
pub struct ReadDocument {
    /// The document.
    pub json: Bytes,
    /// What it says.
    pub facts: Arc<Document>,
}

type Outcome = Vec<Result<(), Refusal>>;

/// A document that may be stored.
struct Valid {
    batch: usize,
    json: Bytes,
    facts: Arc<Document>,
}

/// In-flight bytes are counted in units of this many.
const FLIGHT_UNIT: usize = 1 << 10;

/// How long reading a trace may take for one who does not wait for it to be complete.
const READING: Duration = Duration::from_secs(1);

/// How many blocking threads parsing may use at once; and one more for recorded documents.
const THREADS: usize = 2;

// === impl Ingest ===

impl Ingest {
    /// Starts taking documents in. Call within a tokio runtime.
    #[must_use]
    pub fn open(ambient: Ambient, hot: Arc<HotTraces>, settings: IngestSettings) -> Arc<Self> {
        let intake = Arc::new(Intake {
            open: OpenTraces::new(ambient.clone()),
            ambient,
            hot,
            settings,
            ledger: Ledger::default(),
            origins: Origins::default(),
            lost: Seldom::default(),
            last_receipt: AtomicI64::new(i64::MIN),
            flight: Arc::new(Semaphore::new(settings.in_flight_bytes / FLIGHT_UNIT)),
            threads: Arc::new(Semaphore::new(THREADS)),
            recorded_threads: Arc::new(Semaphore::new(1)),
        });
        let queue = queue::start(Arc::clone(&intake), settings.queue_bytes);
        Arc::new(Self { intake, queue })
    }

    /// Takes a batch and answers, document by document, once those accepted are durable and readable.
    ///
    /// Goes on when the future is dropped.
    ///
    /// # Errors
    ///
    /// When the batch as a whole could not be taken.
    pub async fn put(
        &self,
        source: &Source,
        documents: Vec<Bytes>,
    ) -> Result<Vec<Result<(), Refusal>>, IngestError> {
        let documents = documents.into_iter().map(Delivery::Text);
        self.take(source, documents.collect()).await
    }

    /// As [`Ingest::put`], of documents that are read already.
    ///
    /// # Errors
    ///
    /// When the batch as a whole could not be taken.
    pub async fn put_read(
        &self,
        source: &Source,
        documents: Vec<ReadDocument>,
    ) -> Result<Vec<Result<(), Refusal>>, IngestError> {
        let documents = documents.into_iter().map(Delivery::Read);
        self.take(source, documents.collect()).await
    }

    async fn take(
        &self,
        source: &Source,
        documents: Vec<Delivery>,
    ) -> Result<Vec<Result<(), Refusal>>, IngestError> {
        let received = documents.len() as u64;
        self.intake.ledger.count(source, Cause::Received, received);
        let batch = Batch {
            source: source.clone(),
            documents,
        };
        let intake = Arc::clone(&self.intake);
        // A task of its own: what the log holds must be applied, whether the sender is still there or not.
        let stored = tokio::spawn(async move {
            let bytes = batch.documents.iter().map(Delivery::bytes).sum();
            let _flight = intake.take_off(&batch, bytes).await?;
            let mut outcomes = intake.store(Way::Answered, vec![batch]).await?;
            Ok(outcomes.pop().unwrap_or_default())
        });
        stored.await.unwrap_or(Err(IngestError::Closed))
    }

    /// Waits until the trace is complete, at most for `timeout`, and says what is open otherwise. What is known is read
    /// first, which may take up to [`READING`] of its own.
    ///
    /// # Errors
    ///
    /// When the trace's documents cannot be read.
    pub async fn wait_complete(
        &self,
        trace: TraceId,
        timeout: Duration,
    ) -> Result<Completion, ScanError> {
        let began = tokio::time::Instant::now();
        let deadline = began + timeout;
        let read_by = began + timeout.max(READING);
        let waiting = self.intake.open.wait(trace);
        loop {
            let changed = waiting.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let known = async {
                self.flushed().await;
                self.intake.hot.by_id(trace).await
            };
            let Ok(known) = tokio::time::timeout_at(read_by, known).await else {
                return Ok(self.intake.open.unread(trace));
            };
            let known = known?;
            let completion = self.intake.open.completion(trace, known.as_deref());
            if completion.complete || tokio::time::timeout_at(deadline, changed).await.is_err() {
                return Ok(completion);
            }
        }
    }

    /// Whether the trace is larger than it may be: it takes no more documents, and readers are told so.
    #[must_use]
    pub fn limit_exceeded(&self, trace: TraceId) -> bool {
        self.intake
            .exceeds_limit(self.intake.hot.trace_bytes(trace))
    }

    /// The counts, for those who count what never becomes a document.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.intake.ledger
    }

    /// Every count there is: what came in and was lost by door, client and cause, what hangs in the air, and what was
    /// let go after it had been stored.
    ///
    /// # Errors
    ///
    /// When documents cannot be read.
    pub async fn report(&self) -> Result<Vec<LedgerLine>, ScanError> {
        let mut lines = self.intake.ledger.lines();
        let orphans = self.intake.hot.orphans().await?;
        lines.extend(self.intake.origins.orphans(&orphans));
        let losses = self.intake.hot.losses();
        let stored = [
            (Cause::Expired, losses.age),
            (Cause::SizeLimit, losses.disk),
            (Cause::StoreFailed, losses.unreadable),
        ];
        for (cause, count) in stored.into_iter().filter(|(_, count)| *count > 0) {
            lines.push(cause.line(None, "stored traces".to_owned(), count));
        }
        Ok(lines)
    }
}

#[async_trait]
impl TraceSink for Ingest {
    fn record(&self, source: &Source, document: Bytes) {
        self.intake.ledger.count(source, Cause::Received, 1);
        if !self.queue.offer(source, document) {
            self.intake.ledger.count(source, Cause::QueueFull, 1);
        }
    }

    fn refused(&self, source: &Source, reason: &str) {
        let counts = [(Cause::Received, 1), (Cause::NotAllowed, 1)];
        self.intake.ledger.count_all(source, &counts);
        tracing::debug!(client = source.client, reason, "a document is refused");
    }

    fn open(&self, trace: TraceId, what: String) -> OpenWork {
        self.intake.open.open(trace, what)
    }

    fn unsampled(&self, source: &Source) {
        self.intake.ledger.count(source, Cause::Unsampled, 1);
    }

    async fn flushed(&self) {
        self.queue.flushed().await;
    }
}

// === impl Delivery ===

impl Delivery {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(json) | Self::Read(ReadDocument { json, .. }) => json.len(),
        }
    }
}

// === impl Intake ===

impl Intake {
    /// Waits for this batch's turn; what it gives back ends the batch's flight.
    async fn take_off(
        &self,
        batch: &Batch,
        bytes: usize,
    ) -> Result<tokio::sync::OwnedSemaphorePermit, IngestError> {
        let most = self.settings.in_flight_bytes / FLIGHT_UNIT;
        let units = bytes.div_ceil(FLIGHT_UNIT).clamp(1, most.max(1));
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let turn = Arc::clone(&self.flight).acquire_many_owned(units);
        match tokio::time::timeout(self.settings.patience, turn).await {
            Ok(permit) => permit.map_err(|_| IngestError::Closed),
            Err(_) => {
                let lost = batch.documents.len() as u64;
                self.ledger.count(&batch.source, Cause::QueueFull, lost);
                Err(IngestError::Busy)
            }
        }
    }

    /// Stores what is valid in the batches; answers batch by batch, document by document.
    pub(crate) async fn store(
        self: &Arc<Self>,
        way: Way,
        batches: Vec<Batch>,
    ) -> Result<Vec<Outcome>, IngestError> {
        let batches = batches.into_iter();
        let (sources, documents): (Vec<Source>, Vec<Vec<Delivery>>) =
            batches.map(|batch| (batch.source, batch.documents)).unzip();
        let received: Vec<usize> = documents.iter().map(Vec::len).collect();
        let threads = match way {
            Way::Answered => &self.threads,
            Way::Recorded => &self.recorded_threads,
        };
        let permit = Arc::clone(threads)
            .acquire_owned()
            .await
            .map_err(|_| IngestError::Closed)?;
        let this = Arc::clone(self);
        let checked = tokio::task::spawn_blocking(move || {
            let (outcomes, valid) = this.check(documents);
            let documents = valid.iter().map(|valid| (&*valid.facts, &valid.json));
            let coded = this.hot.code(documents);
            drop(permit);
            (outcomes, valid, coded)
        });
        let Ok((outcomes, valid, coded)) = checked.await else {
            // It panicked, or the runtime ends: none of the documents is left.
            for (source, received) in sources.iter().zip(received) {
                let lost = received as u64;
                self.ledger.count(source, Cause::StoreFailed, lost);
            }
            return Err(IngestError::Closed);
        };
        self.count(&sources, &outcomes, &valid);
        if let Err(error) = self.append(way, &sources, valid, coded).await {
            return Err(error.into());
        }
        Ok(outcomes)
    }

    /// Parses and validates, batch by batch.
    fn check(&self, batches: Vec<Vec<Delivery>>) -> (Vec<Outcome>, Vec<Valid>) {
        let mut outcomes = Vec::with_capacity(batches.len());
        let mut valid = Vec::new();
        let mut trace_bytes = HashMap::new();
        for (number, documents) in batches.into_iter().enumerate() {
            let mut outcome = Vec::with_capacity(documents.len());
            for document in documents {
                let checked = self.check_one(&mut trace_bytes, document);
                outcome.push(checked.map(|ReadDocument { json, facts }| {
                    valid.push(Valid {
                        batch: number,
                        facts,
                        json,
                    });
                }));
            }
            outcomes.push(outcome);
        }
        (outcomes, valid)
    }

    /// Counts what was refused and what was left out.
    fn count(&self, sources: &[Source], outcomes: &[Outcome], valid: &[Valid]) {
        for valid in valid {
            let trims = &valid.facts.trims;
            self.ledger.count_trims(&sources[valid.batch], trims);
        }
        for (source, outcome) in sources.iter().zip(outcomes) {
            for refusal in outcome.iter().filter_map(|result| result.as_ref().err()) {
                self.ledger.count(source, Cause::Refused(refusal.code), 1);
            }
        }
    }

    /// `trace_bytes` holds the traces of this call, with what they have so far.
    fn check_one(
        &self,
        trace_bytes: &mut HashMap<TraceId, u64>,
        document: Delivery,
    ) -> Result<ReadDocument, Refusal> {
        let limits = Limits {
            bytes: self.settings.document_bytes,
            ..Limits::default()
        };
        let read = match document {
            Delivery::Text(json) => ReadDocument {
                facts: Arc::new(Document::parse_facts(limits, &json)?),
                json,
            },
            Delivery::Read(read) => read,
        };
        let id = || Some(read.facts.entity.id.to_string());
        if read.json.len() > limits.bytes {
            return Err(Refusal::too_large(id()));
        }
        let trace = read.facts.trace_id;
        let so_far = trace_bytes
            .entry(trace)
            .or_insert_with(|| self.hot.trace_bytes(trace));
        if self.exceeds_limit(*so_far) {
            return Err(Refusal::too_large(id()));
        }
        *so_far += read.json.len() as u64;
        Ok(read)
    }

    fn exceeds_limit(&self, trace_bytes: u64) -> bool {
        trace_bytes > self.settings.trace_bytes as u64
    }

    async fn append(
        &self,
        way: Way,
        sources: &[Source],
        valid: Vec<Valid>,
        coded: Coded,
    ) -> Result<(), LogError> {
        if valid.is_empty() {
            return Ok(());
        }
        let at = self.receipt();
        let row = match way {
            Way::Answered => Row::Second,
            Way::Recorded => Row::First,
        };
        let documents = valid.iter().map(|valid| Incoming {
            bytes: valid.json.len(),
            facts: Arc::clone(&valid.facts),
        });
        if let Err(error) = self.hot.put(row, at, coded, documents).await {
            let cause = match error {
                LogError::Full => Cause::DiskFull,
                LogError::Behind => Cause::QueueFull,
                _ => Cause::StoreFailed,
            };
            for valid in &valid {
                self.ledger.count(&sources[valid.batch], cause, 1);
            }
            return Err(error);
        }
        for valid in &valid {
            self.origins.note(&sources[valid.batch], &valid.facts);
        }
        self.open
            .arrived(valid.iter().map(|valid| valid.facts.trace_id));
        Ok(())
    }

    /// Logs that a group of recorded documents was not stored; they are counted by cause already.
    pub(crate) fn tell_of_loss(&self, error: &IngestError) {
        if let Some(times) = self.lost.happened(&self.ambient) {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                times,
                "recorded documents are lost"
            );
        }
    }

    /// A receipt time that no other delivery has: a trace's revision counts deliveries by it. It follows the wall clock,
    /// except that a step back of less than a second is waited out.
    fn receipt(&self) -> TimestampMicros {
        const STEP: i64 = 1_000_000;
        let now = self.ambient.now_micros();
        let next = |last: i64| {
            let after = last.saturating_add(1);
            if now >= after || after - now > STEP {
                now
            } else {
                after
            }
        };
        let last = self
            .last_receipt
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(next(last)));
        TimestampMicros(last.map_or(now, next))
    }
}
