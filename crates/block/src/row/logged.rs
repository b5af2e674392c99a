//! A row as it stands in the log: what its columns will say, and the document.
//!
//! The log keeps trace and receipt itself. All else is a head in `postcard`'s format and the document's bytes behind it, so
//! that a row of the log becomes one of a block without a look at the document.

use bytes::Bytes;
use fluoro_model::document::AnnotationValue;
use fluoro_model::{SegmentId, TimestampMicros, TraceId};
use fluoro_shape::{Coded, Model, Seeds, Streams};
use serde::{Deserialize, Serialize};

use super::{Body, SegmentRow, Stored, decoded, seed_texts, sound};
use crate::BlockError;
use crate::annotations::Annotation;

/// Everything but the document.
#[derive(Debug, Serialize, Deserialize)]
struct Head<'a> {
    id: [u8; 8],
    parent: Option<[u8; 8]>,
    start: i64,
    /// From the start, wrapping.
    end: Option<i64>,
    number: u32,
    #[serde(borrow)]
    name: &'a str,
    origin: Option<&'a str>,
    http_method: Option<&'a str>,
    http_url: Option<&'a str>,
    http_status: Option<i64>,
    user: Option<&'a str>,
    /// Fault, error, throttle.
    flags: [bool; 3],
    spans: u32,
    bytes: u32,
    annotations: Vec<(&'a str, Value<'a>)>,
    checksum: u32,
    /// How long each stream is; `None` when text follows.
    streams: Option<[u32; 4]>,
}

/// An annotation's value.
#[derive(Debug, Serialize, Deserialize)]
enum Value<'a> {
    Text(&'a str),
    Number(f64),
    Boolean(bool),
}

impl SegmentRow {
    /// Appends the row to `out`, without its trace and its receipt.
    pub fn write_logged(&self, out: &mut Vec<u8>) {
        let head = Head {
            id: self.id.bits().to_be_bytes(),
            parent: self.parent.map(|parent| parent.bits().to_be_bytes()),
            start: self.start.0,
            end: self.end.map(|end| end.0.wrapping_sub(self.start.0)),
            number: self.number,
            name: &self.name,
            origin: self.origin.as_deref(),
            http_method: self.http_method.as_deref(),
            http_url: self.http_url.as_deref(),
            http_status: self.http_status,
            user: self.user.as_deref(),
            flags: [self.fault, self.error, self.throttle],
            spans: self.spans,
            bytes: self.bytes,
            annotations: self.annotations.iter().map(borrowed).collect(),
            checksum: self.stored.checksum,
            streams: match &self.stored.body {
                Body::Text(_) => None,
                Body::Coded(streams) => Some(parts(streams).map(length)),
            },
        };
        let taken = std::mem::take(out);
        *out =
            postcard::to_extend(&head, taken).expect("a head has nothing that cannot be written");
        match &self.stored.body {
            Body::Text(text) => out.extend_from_slice(text),
            Body::Coded(streams) => {
                for part in parts(streams) {
                    out.extend_from_slice(part);
                }
            }
        }
    }

    /// The row that was written so, of this trace and receipt.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn from_logged(
        trace: TraceId,
        received: TimestampMicros,
        logged: &Bytes,
    ) -> Result<Self, BlockError> {
        let (head, rest) = head_of(logged)?;
        let body = match head.streams {
            None => Body::Text(logged.slice_ref(rest)),
            Some(lengths) => {
                let [shapes, numbers, ids, text] = parted(rest, lengths)?.map(<[u8]>::to_vec);
                Body::Coded(Streams {
                    shapes,
                    numbers,
                    ids,
                    text,
                })
            }
        };
        Ok(Self {
            trace,
            id: segment_id(head.id),
            parent: head.parent.map(segment_id),
            start: TimestampMicros(head.start),
            end: head
                .end
                .map(|end| TimestampMicros(head.start.wrapping_add(end))),
            received,
            number: head.number,
            name: head.name.into(),
            origin: head.origin.map(Into::into),
            http_method: head.http_method.map(Into::into),
            http_url: head.http_url.map(Into::into),
            http_status: head.http_status,
            user: head.user.map(Into::into),
            fault: head.flags[0],
            error: head.flags[1],
            throttle: head.flags[2],
            spans: head.spans,
            bytes: head.bytes,
            annotations: head.annotations.into_iter().map(owned).collect(),
            stored: Stored {
                checksum: head.checksum,
                body,
            },
        })
    }

    /// The document, byte for byte, of the row of this trace that was written so.
    ///
    /// # Errors
    ///
    /// When it is none, or the model is not what it was coded with.
    pub fn logged_document(
        trace: TraceId,
        logged: &Bytes,
        model: &Model,
    ) -> Result<Bytes, BlockError> {
        let (head, rest) = head_of(logged)?;
        let Some(lengths) = head.streams else {
            return sound(logged.slice_ref(rest), head.checksum);
        };
        let [shapes, numbers, ids, text] = parted(rest, lengths)?;
        let coded = Coded {
            shapes,
            numbers,
            ids,
            text,
        };
        let annotations = head
            .annotations
            .iter()
            .filter_map(|(_, value)| match value {
                Value::Text(text) => Some(*text),
                Value::Number(_) | Value::Boolean(_) => None,
            });
        let seeds = Seeds {
            trace: trace.bits().to_be_bytes(),
            id: head.id,
            parent: head.parent,
            start_micros: head.start,
            end_micros: head.end.map(|end| head.start.wrapping_add(end)),
            texts: &seed_texts(head.http_url, head.user, annotations),
        };
        decoded(model, &seeds, coded, head.checksum, head.bytes)
    }
}

fn head_of(logged: &[u8]) -> Result<(Head<'_>, &[u8]), BlockError> {
    postcard::take_from_bytes(logged).map_err(|_| BlockError::Damaged)
}

/// The streams behind a head.
fn parted(mut rest: &[u8], lengths: [u32; 4]) -> Result<[&[u8]; 4], BlockError> {
    let mut parts = [&[][..]; 4];
    for (part, length) in parts.iter_mut().zip(lengths) {
        let parted = rest.split_at_checked(length as usize);
        (*part, rest) = parted.ok_or(BlockError::Damaged)?;
    }
    Ok(parts)
}

fn parts(streams: &Streams) -> [&[u8]; 4] {
    [
        &streams.shapes,
        &streams.numbers,
        &streams.ids,
        &streams.text,
    ]
}

fn length(part: &[u8]) -> u32 {
    u32::try_from(part.len()).expect("no coded document is longer than it was as text")
}

fn segment_id(bytes: [u8; 8]) -> SegmentId {
    SegmentId::from_bits(u64::from_be_bytes(bytes))
}

fn borrowed((key, value): &Annotation) -> (&str, Value<'_>) {
    let value = match value {
        AnnotationValue::Text(text) => Value::Text(text),
        AnnotationValue::Number(number) => Value::Number(*number),
        AnnotationValue::Boolean(boolean) => Value::Boolean(*boolean),
    };
    (key, value)
}

fn owned((key, value): (&str, Value<'_>)) -> Annotation {
    let value = match value {
        Value::Text(text) => AnnotationValue::Text(text.into()),
        Value::Number(number) => AnnotationValue::Number(number),
        Value::Boolean(boolean) => AnnotationValue::Boolean(boolean),
    };
    (key.into(), value)
}

#[cfg(test)]
mod tests {
    use fluoro_model::Document;
    use fluoro_shape::{Encoder, Model};

    use super::*;

    fn row(json: &str) -> SegmentRow {
        let document = Document::parse(json.as_bytes()).unwrap();
        SegmentRow::of(&document, TimestampMicros(7), 3)
    }

    const DOCUMENT: &str = r#"{"trace_id":"1-00000001-000000000000000000000001","id":"0000000000000002","parent_id":"0000000000000003","name":"a","start_time":5.5,"end_time":6.25,"user":"u","http":{"request":{"method":"GET","url":"https://example.com/"},"response":{"status":503}},"fault":true,"annotations":{"a":"text","b":2.5,"c":true}}"#;

    #[test]
    fn a_row_comes_back_coded_or_as_text() {
        let document = Bytes::from_static(DOCUMENT.as_bytes());
        let mut encoder = Encoder::new(Model::default());
        let mut coded = row(DOCUMENT);
        coded.store(&mut encoder, &document);
        let mut plain = row(DOCUMENT);
        plain.store_as_text(&document);
        for row in [coded, plain] {
            let mut logged = Vec::new();
            row.write_logged(&mut logged);
            let logged = Bytes::from(logged);
            let again = SegmentRow::from_logged(row.trace, row.received, &logged).unwrap();
            assert_eq!(again, row);
            let again = SegmentRow::logged_document(row.trace, &logged, encoder.model()).unwrap();
            assert_eq!(again, document);
        }
    }

    #[test]
    fn what_is_cut_short_is_damaged() {
        let mut encoder = Encoder::new(Model::default());
        let mut row = row(DOCUMENT);
        row.store(&mut encoder, &Bytes::from_static(DOCUMENT.as_bytes()));
        let mut logged = Vec::new();
        row.write_logged(&mut logged);
        let logged = Bytes::from(logged);
        for length in 0..logged.len() {
            let cut = SegmentRow::from_logged(row.trace, row.received, &logged.slice(..length));
            assert!(matches!(cut, Err(BlockError::Damaged)), "{length}");
            let cut =
                SegmentRow::logged_document(row.trace, &logged.slice(..length), encoder.model());
            assert!(matches!(cut, Err(BlockError::Damaged)), "{length}");
        }
    }
}
