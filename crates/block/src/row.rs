//! A document as a row: the values that are plain columns, and what is left of it.

use bytes::Bytes;
use fluoro_model::{SegmentId, TimestampMicros, TraceId};
use fluoro_shape::{Coded, Encoder, Model, Seeds, Streams};

use crate::BlockError;

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
    pub name: String,
    /// `AWS::…`, where it says so.
    pub origin: Option<String>,
    /// Of the request that it served.
    pub http_method: Option<String>,
    /// Of the request that it served.
    pub http_url: Option<String>,
    /// Of its response.
    pub http_status: Option<i32>,
    /// Who asked.
    pub user: Option<String>,
    /// Whether it is flagged as a fault.
    pub fault: bool,
    /// Whether it is flagged as an error.
    pub error: bool,
    /// Whether it is flagged as throttled.
    pub throttle: bool,
    /// Itself and its subsegments.
    pub spans: u32,
    /// Its own annotations and its subsegments'.
    pub annotations: Vec<(String, Annotation)>,
    /// The document.
    pub stored: Stored,
}

/// What an annotation says.
#[derive(Debug, Clone, PartialEq)]
pub enum Annotation {
    /// A text.
    Text(String),
    /// A number, as near as a double comes.
    Number(f64),
    /// True or false.
    Boolean(bool),
}

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
    /// Codes the row's document, by what the row says otherwise.
    pub fn store(&mut self, encoder: &mut Encoder, document: &Bytes) {
        let mut streams = Streams::default();
        let coded = self.with_seeds(|seeds| encoder.encode(seeds, document, &mut streams));
        self.stored = Stored {
            checksum: crc32fast::hash(document),
            body: match coded {
                Ok(()) => Body::Coded(streams),
                Err(_unfit) => Body::Text(document.clone()),
            },
        };
    }

    /// The document, byte for byte.
    ///
    /// # Errors
    ///
    /// When the row or the model is not what it was coded with.
    pub fn document(&self, model: &Model) -> Result<Bytes, BlockError> {
        let document = match &self.stored.body {
            Body::Text(text) => text.clone(),
            Body::Coded(streams) => {
                let coded: Coded<'_> = streams.coded();
                let mut document = Vec::new();
                self.with_seeds(|seeds| model.decode(seeds, coded, &mut document))
                    .map_err(|_corrupt| BlockError::Damaged)?;
                document.into()
            }
        };
        let is_sound = crc32fast::hash(&document) == self.stored.checksum;
        is_sound.then_some(document).ok_or(BlockError::Damaged)
    }

    /// In an order that only the columns decide.
    fn with_seeds<T>(&self, work: impl FnOnce(&Seeds<'_>) -> T) -> T {
        let columns = [&self.http_url, &self.user].into_iter().flatten();
        let annotations = self
            .annotations
            .iter()
            .filter_map(|(_, value)| match value {
                Annotation::Text(text) => Some(text),
                Annotation::Number(_) | Annotation::Boolean(_) => None,
            });
        let texts: Vec<&[u8]> = columns
            .chain(annotations)
            .map(|text| text.as_bytes())
            .collect();
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

impl Default for Stored {
    /// No document yet.
    fn default() -> Self {
        Self {
            checksum: 0,
            body: Body::Text(Bytes::new()),
        }
    }
}
