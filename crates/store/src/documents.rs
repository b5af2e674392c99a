//! Documents in the log: coded before they are appended, byte for byte what they were when they are read.
//!
//! A record of the log is a row with its coded document, what the model has learnt, or (as versions before this one wrote)
//! a document as it came:
//!
//! ```text
//! row     = 1 u8 | lineage u32 | SegmentRow::write_logged
//! learnt  = 2 u8 | lineage u32 | offset in the model's journal u64 | the journal from there on
//! ```
//!
//! There is one model, which only grows, so documents are coded one at a time. What it learns goes to the log before or
//! together with the first document that needs it: each append takes along everything that no finished append had with it. From
//! time to time the whole journal goes along, so that damage to what was learnt costs what lies in between and no more.
//! A *lineage* is a model and all that it grows into; a model that cannot be had whole again at a start is left behind for a
//! new one.
//!
//! What is deliberately absent: what documents mean, and where a trace's documents lie.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use fluoro_ambient::{Ambient, Seldom};
use fluoro_block::SegmentRow;
use fluoro_model::document::{Document, Limits, Refusal};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_shape::{Encoder, Model};
use parking_lot::{Mutex, RwLock};

use crate::log::{Chunk, Extent, Log, LogError, Position, Record};

#[cfg(test)]
mod tests;

/// Which model a document was coded with; see the [module](self).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Lineage(pub u32);

/// What the log had once was short enough, by whatever limit.
pub(crate) const STORED: Limits = Limits {
    bytes: usize::MAX,
    nesting: Limits::DEFAULT.nesting,
};

const ROW: u8 = 1;
const LEARNT: u8 = 2;
const ROW_HEAD: usize = 5;
const LEARNT_HEAD: usize = 13;

/// Under which trace the log keeps what was learnt.
const NO_TRACE: TraceId = TraceId::from_bits(0);

/// The whole journal goes along once so many bytes were appended since the last time.
const WHOLE_EVERY: usize = 16 << 20;

/// The log, as documents.
#[derive(Debug)]
pub struct DocumentLog {
    ambient: Ambient,
    log: Arc<dyn Log>,
    coder: Mutex<Coder>,
    /// How long the coder's journal is.
    grown_to: AtomicUsize,
    /// So much of it is in the log for certain.
    durable: AtomicUsize,
    /// The whole of it was to go along, but could not be appended.
    whole_failed: AtomicBool,
    /// What documents are read with.
    models: RwLock<BTreeMap<Lineage, Known>>,
    told: Seldom,
}

#[derive(Debug)]
struct Coder {
    /// None until it is known what was learnt before.
    encoder: Option<Encoder>,
    lineage: Lineage,
    /// Bytes coded since the whole journal went along.
    since_whole: usize,
}

/// What is known of a lineage's model.
#[derive(Debug, Default)]
struct Known {
    model: Arc<Model>,
    /// Something is missing that was learnt, unless it comes later.
    has_gap: bool,
}

/// Documents, ready to be appended in this order.
#[derive(Debug)]
pub struct Coded {
    rows: Vec<(TraceId, Bytes)>,
    learnt: Option<Bytes>,
    journal: usize,
    is_whole: bool,
}

/// How long documents wait for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// As [`Log::append_first`].
    First,
    /// As [`Log::append`].
    Second,
}

/// A document that was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// When it was received.
    pub received: TimestampMicros,
    /// As it came.
    pub document: Bytes,
}

// === impl Logged ===

impl Logged {
    /// As a row, this being which of its delivery it is; [`SegmentRow::store`] puts the document into it.
    ///
    /// # Errors
    ///
    /// When the document is not accepted any more: it was, if by a version with other rules.
    pub fn row(&self, number: u32) -> Result<SegmentRow, Refusal> {
        let facts = Document::parse_facts(STORED, &self.document)?;
        Ok(SegmentRow::of(&facts, self.received, number))
    }
}

/// Rows that lie together.
#[derive(Debug)]
pub struct LoggedRows {
    /// In the order in which they were appended, with the lineage of those that are coded.
    pub rows: Vec<(Position, Lineage, SegmentRow)>,
    /// Where the next begin; `None` at the end of the log.
    pub next: Option<Position>,
    /// As [`Chunk::unread`].
    pub unread: Option<LogError>,
}

// === impl DocumentLog ===

impl DocumentLog {
    /// The documents of a log. `models` is what was learnt in the part of it that was released. Until
    /// [`DocumentLog::resume`] documents are appended as they are.
    #[must_use]
    pub fn open(ambient: Ambient, log: Arc<dyn Log>, models: Vec<(Lineage, Model)>) -> Arc<Self> {
        let known = models.into_iter().map(|(lineage, model)| {
            let known = Known {
                model: Arc::new(model),
                has_gap: false,
            };
            (lineage, known)
        });
        Arc::new(Self {
            ambient,
            log,
            coder: Mutex::new(Coder {
                encoder: None,
                lineage: Lineage(0),
                since_whole: WHOLE_EVERY,
            }),
            grown_to: AtomicUsize::new(0),
            durable: AtomicUsize::new(0),
            whole_failed: AtomicBool::new(false),
            models: RwLock::new(known.collect()),
            told: Seldom::default(),
        })
    }

    /// Goes on with the newest model, now that the whole log was [scanned](DocumentLog::scan): from here on documents
    /// are coded.
    pub fn resume(&self) {
        let mut coder = self.coder.lock();
        if coder.encoder.is_some() {
            return;
        }
        let models = self.models.read();
        let newest = models.last_key_value();
        let (lineage, model) = match newest {
            None => (Lineage(0), Model::default()),
            Some((lineage, known)) if known.has_gap => {
                (Lineage(lineage.0.wrapping_add(1)), Model::default())
            }
            Some((lineage, known)) => (*lineage, Model::clone(&known.model)),
        };
        coder.lineage = lineage;
        let journal = model.journal().len();
        self.durable.store(journal, Ordering::Release);
        self.grown_to.store(journal, Ordering::Release);
        coder.encoder = Some(Encoder::new(model));
    }

    /// Codes documents that will be received together, in their order, one call at a time.
    pub fn code<'d>(&self, documents: impl Iterator<Item = (&'d Document, &'d Bytes)>) -> Coded {
        let mut coder = self.coder.lock();
        let Coder {
            encoder,
            lineage,
            since_whole,
        } = &mut *coder;
        let mut rows = Vec::new();
        let mut bytes = 0;
        for (number, (facts, json)) in documents.enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            // The log has the receipt.
            let mut row = SegmentRow::of(facts, TimestampMicros(0), number);
            match encoder {
                Some(encoder) => row.store(encoder, json),
                None => row.store_as_text(json),
            }
            let mut record = vec![ROW];
            record.extend(lineage.0.to_le_bytes());
            row.write_logged(&mut record);
            bytes += record.len();
            rows.push((row.trace, Bytes::from(record)));
        }
        let journal = encoder
            .as_ref()
            .map_or(&[][..], |encoder| encoder.model().journal());
        self.grown_to.store(journal.len(), Ordering::Release);
        *since_whole += bytes;
        let is_due = *since_whole >= WHOLE_EVERY || self.whole_failed.load(Ordering::Relaxed);
        let is_whole = is_due && encoder.is_some() && !rows.is_empty();
        let from = match is_whole {
            true => 0,
            false => self.durable.load(Ordering::Acquire),
        };
        let learnt = (journal.len() > from).then(|| learnt_record(*lineage, from, journal));
        if is_whole {
            *since_whole = 0;
            self.whole_failed.store(false, Ordering::Relaxed);
        }
        Coded {
            rows,
            learnt,
            journal: journal.len(),
            is_whole,
        }
    }

    /// Appends what was coded, received at this moment; as [`Log::append`], with the positions of the documents.
    ///
    /// # Errors
    ///
    /// As [`Log::append`].
    pub async fn append(
        &self,
        row: Row,
        received: TimestampMicros,
        coded: Coded,
    ) -> Result<Vec<Position>, LogError> {
        let is_whole = coded.is_whole;
        let learnt = coded.learnt.into_iter().map(|learnt| (NO_TRACE, learnt));
        let besides = learnt.len();
        let records = learnt.chain(coded.rows).map(|(trace, document)| Record {
            trace,
            received,
            document,
        });
        let records = records.collect();
        let appended = match row {
            Row::First => self.log.append_first(records).await,
            Row::Second => self.log.append(records).await,
        };
        match appended {
            Ok(mut positions) => {
                self.durable.fetch_max(coded.journal, Ordering::AcqRel);
                Ok(positions.split_off(besides))
            }
            Err(error) => {
                self.whole_failed.fetch_or(is_whole, Ordering::Relaxed);
                Err(error)
            }
        }
    }

    /// Says that these will not be appended.
    pub fn give_up(&self, coded: &Coded) {
        self.whole_failed
            .fetch_or(coded.is_whole, Ordering::Relaxed);
    }

    /// The documents at these positions; `None` for one that was released, or is lost to damage (which was reported).
    ///
    /// # Errors
    ///
    /// As [`Log::read`].
    pub async fn read(
        self: &Arc<Self>,
        positions: &[Position],
    ) -> Result<Vec<Option<Logged>>, LogError> {
        let records = self.log.read(positions).await?;
        let decoded = self.blocking(move |this| {
            let documents = records.iter().map(|record| {
                let record = record.as_ref()?;
                let document = this.document(record);
                if document.is_none() {
                    this.tell_of_damage();
                }
                Some(Logged {
                    received: record.received,
                    document: document?,
                })
            });
            documents.collect()
        });
        decoded.await
    }

    /// The rows from `from` on, as [`Log::scan`]; without those that are damaged, which is reported. What was learnt
    /// there is known afterwards.
    ///
    /// # Errors
    ///
    /// As [`Log::scan`].
    pub async fn scan(
        self: &Arc<Self>,
        from: Position,
        bytes: usize,
    ) -> Result<LoggedRows, LogError> {
        let chunk = self.log.scan(from, bytes).await?;
        self.blocking(move |this| this.rows(chunk)).await
    }

    fn rows(&self, chunk: Chunk) -> LoggedRows {
        let mut rows = Vec::with_capacity(chunk.records.len());
        let mut last_plain = None;
        let mut number = 0;
        for (position, record) in chunk.records {
            match record.document.first() {
                Some(&LEARNT) => self.learn(&record.document),
                Some(&ROW) => match logged_row(&record) {
                    Some((lineage, row)) => rows.push((position, lineage, row)),
                    None => self.tell_of_damage(),
                },
                _ => {
                    // As it came, by an older version: what came with it is what was received at the same moment.
                    number = match last_plain.replace(record.received) {
                        Some(last) if last == record.received => number + 1,
                        _ => 0,
                    };
                    match Document::parse_facts(STORED, &record.document) {
                        Ok(facts) => {
                            let mut row = SegmentRow::of(&facts, record.received, number);
                            row.store_as_text(&record.document);
                            rows.push((position, Lineage(0), row));
                        }
                        Err(_) => self.tell_of_damage(),
                    }
                }
            }
        }
        LoggedRows {
            rows,
            next: chunk.next,
            unread: chunk.unread,
        }
    }

    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, LogError> {
        let this = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&this));
        done.await.map_err(|_| LogError::Closed)
    }

    /// As [`Log::release`].
    ///
    /// # Errors
    ///
    /// As [`Log::release`].
    pub async fn release(&self, up_to: Position) -> Result<(), LogError> {
        self.log.release(up_to).await
    }

    /// As [`Log::extent`].
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.log.extent()
    }

    /// The model of a lineage as it is now, if there is one. It reads everything that was coded with it so far.
    #[must_use]
    pub fn model(&self, lineage: Lineage) -> Option<Arc<Model>> {
        let known = {
            let models = self.models.read();
            let known = models.get(&lineage);
            known.map(|known| Arc::clone(&known.model))
        };
        let has = known.as_ref().map_or(0, |model| model.journal().len());
        if has >= self.grown_to.load(Ordering::Acquire) {
            return known;
        }
        let grown = {
            let coder = self.coder.lock();
            if coder.lineage != lineage {
                return known;
            }
            let encoder = coder.encoder.as_ref()?;
            Arc::new(encoder.model().clone())
        };
        let mut models = self.models.write();
        let known = models.entry(lineage).or_default();
        if known.model.journal().len() < grown.journal().len() {
            known.model = Arc::clone(&grown);
        }
        Some(grown)
    }

    fn document(&self, record: &Record) -> Option<Bytes> {
        match record.document.first() {
            Some(&ROW) => {
                let (lineage, row) = logged_row(record)?;
                row.document(&self.model(lineage).unwrap_or_default()).ok()
            }
            Some(&LEARNT) => None,
            _ => Some(record.document.clone()),
        }
    }

    /// Takes in what was learnt.
    fn learn(&self, record: &[u8]) {
        let Some((lineage, offset, journal)) = learnt(record) else {
            self.tell_of_damage();
            return;
        };
        let mut models = self.models.write();
        let known = models.entry(lineage).or_default();
        let has = known.model.journal().len();
        if offset > has {
            known.has_gap = true;
            return;
        }
        if let Some(news) = journal.get(has - offset..).filter(|news| !news.is_empty()) {
            let mut model = Model::clone(&known.model);
            let extended = model.extend(news);
            known.has_gap = extended.is_err();
            if extended.is_ok() {
                known.model = Arc::new(model);
            }
        } else if offset == 0 {
            known.has_gap = false;
        }
    }

    fn tell_of_damage(&self) {
        if let Some(times) = self.told.happened(&self.ambient) {
            tracing::error!(times, "documents in the log are damaged");
        }
    }
}

fn learnt_record(lineage: Lineage, from: usize, journal: &[u8]) -> Bytes {
    let mut record = Vec::with_capacity(LEARNT_HEAD + journal.len() - from);
    record.push(LEARNT);
    record.extend(lineage.0.to_le_bytes());
    record.extend((from as u64).to_le_bytes());
    record.extend_from_slice(&journal[from..]);
    record.into()
}

fn learnt(record: &[u8]) -> Option<(Lineage, usize, &[u8])> {
    let (head, journal) = record.split_at_checked(LEARNT_HEAD)?;
    let lineage = u32::from_le_bytes(head[1..5].try_into().ok()?);
    let offset = u64::from_le_bytes(head[5..13].try_into().ok()?);
    Some((Lineage(lineage), usize::try_from(offset).ok()?, journal))
}

fn logged_row(record: &Record) -> Option<(Lineage, SegmentRow)> {
    let head = record.document.get(1..ROW_HEAD)?;
    let lineage = u32::from_le_bytes(head.try_into().ok()?);
    let logged = record.document.slice(ROW_HEAD..);
    let row = SegmentRow::from_logged(record.trace, record.received, &logged).ok()?;
    Some((Lineage(lineage), row))
}
