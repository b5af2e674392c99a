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
//! There is one model at a time, which only grows, so documents are coded one at a time. What it learns goes to the log before or
//! together with the first document that needs it: each append takes along everything that no finished append had with it. From
//! time to time the whole journal goes along, so that damage to what was learnt costs what lies in between and no more.
//! A *lineage* is a model and all that it grows into. A model that cannot be had whole again at a start is left behind for a new
//! one, and so is one that is full and no use any more ([`lineage`]); it is kept for as long as something was coded with it.
//!
//! What is deliberately absent: what documents mean, and where a trace's documents lie.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use fluoro_ambient::{Ambient, Seldom};
use fluoro_block::SegmentRow;
use fluoro_model::document::{Document, Limits, Refusal};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_shape::{Encoder, Model};
use parking_lot::{Mutex, RwLock};

use crate::log::{Chunk, Extent, Log, LogError, Position, Record};

mod lineage;
mod recent;
#[cfg(test)]
mod tests;

use lineage::{Growth, Models};
pub use lineage::{Lineage, ModelSettings};
use recent::Recent;

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
    settings: ModelSettings,
    coder: Mutex<Coder>,
    /// The whole of it was to go along, but could not be appended.
    whole_failed: AtomicBool,
    /// What documents are read with.
    models: RwLock<Models>,
    recent: Mutex<Recent>,
    told: Seldom,
}

#[derive(Debug)]
struct Coder {
    /// None until it is known what was learnt before.
    encoder: Option<Encoder>,
    lineage: Lineage,
    growth: Arc<Growth>,
    /// Bytes coded since the whole journal went along.
    since_whole: usize,
    /// What it cost that the model was full, in bytes.
    missed: usize,
}

/// Documents, ready to be appended in this order.
#[derive(Debug)]
pub struct Coded {
    rows: Vec<(TraceId, Bytes)>,
    learnt: Option<Bytes>,
    /// Of the lineage that they were coded with.
    growth: Arc<Growth>,
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

// === impl Coded ===

impl Coded {
    /// How many documents there are.
    #[must_use]
    pub fn documents(&self) -> usize {
        self.rows.len()
    }
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
        Self::open_with(ambient, log, models, ModelSettings::default())
    }

    /// The same, with models as they are chosen.
    #[must_use]
    pub fn open_with(
        ambient: Ambient,
        log: Arc<dyn Log>,
        models: Vec<(Lineage, Model)>,
        settings: ModelSettings,
    ) -> Arc<Self> {
        Arc::new(Self {
            ambient,
            log,
            settings,
            coder: Mutex::new(Coder {
                encoder: None,
                lineage: Lineage(0),
                growth: Arc::default(),
                since_whole: WHOLE_EVERY,
                missed: 0,
            }),
            whole_failed: AtomicBool::new(false),
            models: RwLock::new(Models::new(models)),
            recent: Mutex::default(),
            told: Seldom::default(),
        })
    }

    /// Holds the latest documents in memory from now on, as they are coded, in at most so many bytes. Until then none are.
    pub fn hold_recent(&self, bytes: usize) {
        self.recent.lock().hold(bytes);
    }

    /// How many bytes the latest documents take in memory, roughly.
    #[must_use]
    pub fn recent_bytes(&self) -> usize {
        self.recent.lock().bytes()
    }

    /// Goes on with the newest model, now that the whole log was [scanned](DocumentLog::scan): from here on documents
    /// are coded.
    pub fn resume(&self) {
        let mut coder = self.coder.lock();
        if coder.encoder.is_some() {
            return;
        }
        let mut models = self.models.write();
        let (lineage, model) = match models.newest() {
            None => (Lineage(0), Model::default()),
            Some((lineage, known)) if known.has_gap => (lineage.next(), Model::default()),
            Some((lineage, known)) => (lineage, Model::clone(&known.model)),
        };
        coder.begin(lineage, model, &mut models, self.settings);
    }

    /// Codes documents that will be received together, in their order, one call at a time.
    pub fn code<'d>(&self, documents: impl Iterator<Item = (&'d Document, &'d Bytes)>) -> Coded {
        let mut coder = self.coder.lock();
        if coder.missed >= self.settings.worth {
            self.begin_anew_if_worth_it(&mut coder);
        }
        let Coder {
            encoder,
            lineage,
            growth,
            since_whole,
            missed,
        } = &mut *coder;
        let mut rows = Vec::new();
        let mut bytes = 0;
        for (number, (facts, json)) in documents.enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            // The log has the receipt.
            let mut row = SegmentRow::of(facts, TimestampMicros(0), number);
            match encoder {
                Some(encoder) => *missed = missed.saturating_add(store(&mut row, encoder, json)),
                None => row.store_as_text(json),
            }
            let mut record = vec![ROW];
            record.extend(lineage.0.to_le_bytes());
            row.write_logged(&mut record);
            // It may be held for a while, and counts as long as it is.
            record.shrink_to_fit();
            bytes += record.len();
            rows.push((row.trace, Bytes::from(record)));
        }
        let journal = encoder
            .as_ref()
            .map_or(&[][..], |encoder| encoder.model().journal());
        growth.grown_to.store(journal.len(), Ordering::Release);
        *since_whole += bytes;
        let is_due = *since_whole >= WHOLE_EVERY || self.whole_failed.load(Ordering::Relaxed);
        let is_whole = is_due && encoder.is_some() && !rows.is_empty();
        let from = match is_whole {
            true => 0,
            false => growth.durable.load(Ordering::Acquire),
        };
        let learnt = (journal.len() > from).then(|| learnt_record(*lineage, from, journal));
        if is_whole {
            *since_whole = 0;
            self.whole_failed.store(false, Ordering::Relaxed);
        }
        Coded {
            rows,
            learnt,
            growth: Arc::clone(growth),
            journal: journal.len(),
            is_whole,
        }
    }

    /// Leaves a model that is full, once that has cost enough.
    fn begin_anew_if_worth_it(&self, coder: &mut Coder) {
        let Some(encoder) = &coder.encoder else {
            return;
        };
        let mut models = self.models.write();
        if !self.settings.is_worth_it(coder.missed, models.len()) {
            return;
        }
        // What was coded with it is read with it still.
        models.entry(coder.lineage).model = Arc::new(encoder.model().clone());
        tracing::info!(
            lineage = coder.lineage.0,
            missed_bytes = coder.missed,
            models = models.len(),
            "the model of documents is full: a new one begins"
        );
        let next = coder.lineage.next();
        coder.begin(next, Model::default(), &mut models, self.settings);
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
        let records: Vec<Record> = records.collect();
        let documents = records[besides..].to_vec();
        let appended = match row {
            Row::First => self.log.append_first(records).await,
            Row::Second => self.log.append(records).await,
        };
        match appended {
            Ok(mut positions) => {
                let durable = &coded.growth.durable;
                durable.fetch_max(coded.journal, Ordering::AcqRel);
                let positions = positions.split_off(besides);
                let mut recent = self.recent.lock();
                for (position, record) in positions.iter().zip(documents) {
                    recent.insert(*position, record);
                }
                Ok(positions)
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
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        let records = self.records(positions).await?;
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

    /// The records at these positions, those that are not held from the log.
    async fn records(&self, positions: &[Position]) -> Result<Vec<Option<Record>>, LogError> {
        let mut records: Vec<Option<Record>> = {
            let recent = self.recent.lock();
            let held = positions.iter();
            held.map(|position| recent.get(*position).cloned())
                .collect()
        };
        let missing = positions.iter().zip(&records);
        let missing = missing.filter(|(_, record)| record.is_none());
        let missing: Vec<Position> = missing.map(|(position, _)| *position).collect();
        if missing.is_empty() {
            return Ok(records);
        }
        let mut read = self.log.read(&missing).await?.into_iter();
        for record in records.iter_mut().filter(|record| record.is_none()) {
            *record = read.next().flatten();
        }
        Ok(records)
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
        let mut newest = None;
        for (position, record) in chunk.records {
            match record.document.first() {
                Some(&LEARNT) => self.learn(&record.document),
                Some(&ROW) => match logged_row(&record) {
                    Some((lineage, row)) => {
                        newest = newest.max(row.is_coded().then_some(lineage));
                        rows.push((position, lineage, row));
                    }
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
        if let Some(lineage) = newest {
            self.note_missing(lineage);
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
        self.recent.lock().release(up_to);
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
        let known = |models: &Models| models.get(lineage).map(|known| Arc::clone(&known.model));
        {
            let models = self.models.read();
            let has = models.get(lineage)?;
            if has.model.journal().len() >= has.growth.grown_to() {
                return known(&models);
            }
        }
        let grown = {
            let coder = self.coder.lock();
            match &coder.encoder {
                Some(encoder) if coder.lineage == lineage => Arc::new(encoder.model().clone()),
                // It was left meanwhile, and is known as it was then.
                _ => return known(&self.models.read()),
            }
        };
        let mut models = self.models.write();
        let known = models.entry(lineage);
        if known.model.journal().len() < grown.journal().len() {
            known.model = Arc::clone(&grown);
        }
        Some(grown)
    }

    /// The model that documents are coded with now, and all others that the log may need, or blocks.
    #[must_use]
    pub fn models(&self) -> Vec<(Lineage, Arc<Model>)> {
        let lineages = self.models.read().lineages();
        let models = lineages.into_iter();
        let models = models.filter_map(|lineage| Some((lineage, self.model(lineage)?)));
        models.collect()
    }

    /// The lineage of the newest model.
    #[must_use]
    pub fn newest(&self) -> Lineage {
        let models = self.models.read();
        models.newest().map_or(Lineage(0), |(lineage, _)| lineage)
    }

    /// Those with which nothing is coded any more that lies in the log from `watermark` on, or will lie there.
    #[must_use]
    pub fn lineages_over(&self, watermark: Position) -> Vec<Lineage> {
        let end = self.log.extent().end;
        self.models.write().over(watermark, end)
    }

    /// Lets go of the models of lineages that are [over](DocumentLog::lineages_over) and that no block needs.
    pub fn forget(&self, lineages: &[Lineage]) {
        self.models.write().forget(lineages);
    }

    fn document(&self, record: &Record) -> Option<Bytes> {
        match record.document.first() {
            Some(&ROW) => {
                let (lineage, logged) = lineage_of(record)?;
                let model = self.model(lineage).unwrap_or_default();
                SegmentRow::logged_document(record.trace, &logged, &model).ok()
            }
            Some(&LEARNT) => None,
            _ => Some(record.document.clone()),
        }
    }

    /// Notes that something was coded with this model, should nothing be known of it: no other takes its place.
    fn note_missing(&self, lineage: Lineage) {
        if self.models.read().get(lineage).is_none() {
            self.models.write().entry(lineage).has_gap = true;
        }
    }

    /// Takes in what was learnt.
    fn learn(&self, record: &[u8]) {
        let Some((lineage, offset, journal)) = learnt(record) else {
            self.tell_of_damage();
            return;
        };
        let mut models = self.models.write();
        let known = models.entry(lineage);
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

// === impl Coder ===

impl Coder {
    /// Codes with this model from here on.
    fn begin(
        &mut self,
        lineage: Lineage,
        model: Model,
        models: &mut Models,
        settings: ModelSettings,
    ) {
        self.lineage = lineage;
        self.growth = Arc::new(Growth::durable(model.journal().len()));
        models.entry(lineage).growth = Arc::clone(&self.growth);
        self.encoder = Some(Encoder::new(model.within(settings.journal)));
        self.missed = 0;
    }
}

/// Puts a document into its row; returns what it cost that the model was full, in bytes.
fn store(row: &mut SegmentRow, encoder: &mut Encoder, json: &Bytes) -> usize {
    let before = encoder.model().missed();
    row.store(encoder, json);
    match encoder.model().missed() - before {
        missed if missed > 0 && !row.is_coded() => json.len(),
        missed => missed,
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
    let (lineage, logged) = lineage_of(record)?;
    let row = SegmentRow::from_logged(record.trace, record.received, &logged).ok()?;
    Some((lineage, row))
}

/// The lineage of a row, and the row.
fn lineage_of(record: &Record) -> Option<(Lineage, Bytes)> {
    let head = record.document.get(1..ROW_HEAD)?;
    let lineage = u32::from_le_bytes(head.try_into().ok()?);
    Some((Lineage(lineage), record.document.slice(ROW_HEAD..)))
}
