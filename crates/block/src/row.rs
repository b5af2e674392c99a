//! A document as a row: the values that are plain columns, and what is left of it.

use bytes::Bytes;
use fluoro_model::document::{AnnotationValue, Entity, Kind};
use fluoro_model::{Document, EpochSeconds, SegmentId, TimestampMicros, TraceId};
use fluoro_shape::{Coded, Encoder, Model, Seeds, Streams};

use crate::BlockError;
use crate::annotations::{self, Annotation, in_order};

mod logged;

/// A document that was received.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentRow {
    /// The trace that it belongs to.
    pub trace: TraceId,
    /// Its id.
    pub id: SegmentId,
    /// Whose child it is.
    pub parent: Option<SegmentId>,
    /// When it began.
    pub start: TimestampMicros,
    /// When it ended; `None` while it goes on.
    pub end: Option<TimestampMicros>,
    /// When it was received; all documents of a delivery at once.
    pub received: TimestampMicros,
    /// Which of its delivery it is.
    pub number: u32,
    /// Its name.
    pub name: Box<str>,
    /// `AWS::…`, where it says so.
    pub origin: Option<Box<str>>,
    /// Of the request that it served.
    pub http_method: Option<Box<str>>,
    /// Of the request that it served.
    pub http_url: Option<Box<str>>,
    /// Of its response.
    pub http_status: Option<i64>,
    /// Who asked.
    pub user: Option<Box<str>>,
    /// Whether it is flagged as a fault.
    pub fault: bool,
    /// Whether it is flagged as an error.
    pub error: bool,
    /// Whether it is flagged as throttled.
    pub throttle: bool,
    /// Itself and its subsegments.
    pub spans: u32,
    /// How long its JSON is.
    pub bytes: u32,
    /// Its own annotations and its subsegments', each once, in order of key and value.
    pub annotations: Vec<Annotation>,
    /// The document.
    pub stored: Stored,
}

/// A document is mostly no longer than so many bytes.
const LIKELY: usize = 64 << 10;

/// A document as it lies in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// CRC-32 of the text.
    pub checksum: u32,
    /// Coded, or the text where that does not fit.
    pub body: Body,
}

/// See [`Stored`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// By the block's model, the row's columns being the seeds.
    Coded(Streams),
    /// As it is.
    Text(Bytes),
}

// === impl SegmentRow ===

impl SegmentRow {
    /// The row of a document that came in as this of a delivery; [`SegmentRow::store`] puts the document into it.
    #[must_use]
    pub fn of(document: &Document, received: TimestampMicros, number: u32) -> Self {
        let entity = &document.entity;
        let micros = |seconds: EpochSeconds| TimestampMicros::from_seconds(seconds.seconds());
        let (parent, segment) = match &document.kind {
            Kind::Segment(segment) => (segment.parent_id, Some(segment)),
            Kind::Subsegment { parent_id } => (Some(*parent_id), None),
        };
        let http = entity.http.as_ref();
        let request = http.and_then(|http| http.request.as_ref());
        let mut row = Self {
            trace: document.trace_id,
            id: entity.id,
            parent,
            start: micros(entity.start),
            end: entity.end.map(micros),
            received,
            number,
            name: entity.name.clone(),
            origin: segment.and_then(|segment| segment.origin.clone()),
            http_method: request.and_then(|request| request.method.clone()),
            http_url: request.and_then(|request| request.url.clone()),
            http_status: http.and_then(|http| http.response.as_ref()?.status),
            user: segment.and_then(|segment| segment.user.clone()),
            fault: entity.flags.fault == Some(true),
            error: entity.flags.error == Some(true),
            throttle: entity.flags.throttle == Some(true),
            spans: 0,
            bytes: 0,
            annotations: Vec::new(),
            stored: Stored::default(),
        };
        row.take_in(entity);
        row.annotations.sort_by(in_order);
        row.annotations.dedup();
        row
    }

    /// Counts an entity and those in it, and takes over what they are searched by.
    fn take_in(&mut self, entity: &Entity) {
        self.spans += 1;
        self.annotations.extend_from_slice(&entity.annotations);
        for subsegment in &entity.subsegments {
            self.take_in(subsegment);
        }
    }

    /// Whether its document is coded by a model.
    #[must_use]
    pub fn is_coded(&self) -> bool {
        matches!(self.stored.body, Body::Coded(_))
    }

    /// How much memory it takes, roughly.
    #[must_use]
    pub fn weight(&self) -> usize {
        let document = match &self.stored.body {
            Body::Text(text) => text.len(),
            Body::Coded(streams) => {
                let Streams {
                    shapes,
                    numbers,
                    ids,
                    text,
                } = streams;
                shapes.len() + numbers.len() + ids.len() + text.len()
            }
        };
        let texts = [&self.origin, &self.http_method, &self.http_url, &self.user];
        size_of::<Self>()
            + annotations::weight(&self.annotations)
            + document
            + self.name.len()
            + texts
                .into_iter()
                .flatten()
                .map(|text| text.len())
                .sum::<usize>()
    }

    /// Where the row stands among others: by trace, start, receipt and number.
    #[must_use]
    pub fn place(&self) -> (TraceId, TimestampMicros, TimestampMicros, u32) {
        (self.trace, self.start, self.received, self.number)
    }

    /// Codes the row's document, by what the row says otherwise.
    pub fn store(&mut self, encoder: &mut Encoder, document: &Bytes) {
        let mut streams = Streams::default();
        let coded = self.with_seeds(|seeds| encoder.encode(seeds, document, &mut streams));
        self.bytes = u32::try_from(document.len()).unwrap_or(u32::MAX);
        self.stored = Stored {
            checksum: crc32fast::hash(document),
            body: match coded {
                Ok(()) => Body::Coded(streams),
                Err(_unfit) => Body::Text(document.clone()),
            },
        };
    }

    /// Takes the row's document as it is, without a model.
    pub fn store_as_text(&mut self, document: &Bytes) {
        self.bytes = u32::try_from(document.len()).unwrap_or(u32::MAX);
        self.stored = Stored {
            checksum: crc32fast::hash(document),
            body: Body::Text(document.clone()),
        };
    }

    /// The document, byte for byte.
    ///
    /// # Errors
    ///
    /// When the row or the model is not what it was coded with.
    pub fn document(&self, model: &Model) -> Result<Bytes, BlockError> {
        let Stored { checksum, body } = &self.stored;
        match body {
            Body::Text(text) => sound(text.clone(), *checksum),
            Body::Coded(streams) => self
                .with_seeds(|seeds| decoded(model, seeds, streams.coded(), *checksum, self.bytes)),
        }
    }

    fn with_seeds<T>(&self, work: impl FnOnce(&Seeds<'_>) -> T) -> T {
        let annotations = self
            .annotations
            .iter()
            .filter_map(|(_, value)| match value {
                AnnotationValue::Text(text) => Some(&**text),
                AnnotationValue::Number(_) | AnnotationValue::Boolean(_) => None,
            });
        let texts = seed_texts(self.http_url.as_deref(), self.user.as_deref(), annotations);
        work(&Seeds {
            trace: self.trace.bits().to_be_bytes(),
            id: self.id.bits().to_be_bytes(),
            parent: self.parent.map(|parent| parent.bits().to_be_bytes()),
            start_micros: self.start.0,
            end_micros: self.end.map(|end| end.0),
            texts: &texts,
        })
    }
}

/// The texts that a document is coded by: in an order that only the columns decide.
fn seed_texts<'t>(
    http_url: Option<&'t str>,
    user: Option<&'t str>,
    annotations: impl Iterator<Item = &'t str>,
) -> Vec<&'t [u8]> {
    let columns = [http_url, user].into_iter().flatten();
    let texts = columns.chain(annotations);
    texts.map(str::as_bytes).collect()
}

/// A document that was coded so.
fn decoded(
    model: &Model,
    seeds: &Seeds<'_>,
    coded: Coded<'_>,
    checksum: u32,
    length: u32,
) -> Result<Bytes, BlockError> {
    // What is damaged may have any length.
    let mut document = Vec::with_capacity((length as usize).min(LIKELY));
    model
        .decode(seeds, coded, &mut document)
        .map_err(|_corrupt| BlockError::Damaged)?;
    sound(document.into(), checksum)
}

fn sound(document: Bytes, checksum: u32) -> Result<Bytes, BlockError> {
    let is_sound = crc32fast::hash(&document) == checksum;
    is_sound.then_some(document).ok_or(BlockError::Damaged)
}

impl Default for Stored {
    /// No document yet.
    fn default() -> Self {
        Self {
            checksum: 0,
            body: Body::Text(Bytes::new()),
        }
    }
}
