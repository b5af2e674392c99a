//! Members that are written and remembered in one go: the text and the fact cannot differ.

use fluoro_model::document::{AnnotationValue, Object};
use fluoro_model::{EpochSeconds, SegmentId, TraceId};
use serde_json::Value;

use crate::json::{self, Open};

/// Writes a text and gives it back for the facts.
pub(crate) fn text(
    open: &mut Open,
    out: &mut Vec<u8>,
    key: &str,
    value: Option<&str>,
) -> Option<Box<str>> {
    let value = value?;
    open.text(out, key, value);
    Some(value.into())
}

/// Writes a whole number and gives it back.
pub(crate) fn integer(
    open: &mut Open,
    out: &mut Vec<u8>,
    key: &str,
    value: Option<i64>,
) -> Option<i64> {
    open.integer(out, key, value?);
    value
}

/// Writes a flag if it is set, and gives it back.
pub(crate) fn flag(open: &mut Open, out: &mut Vec<u8>, key: &str, value: bool) -> Option<bool> {
    value.then(|| {
        open.boolean(out, key, true);
        true
    })
}

/// Writes a member of free form and remembers it.
pub(crate) fn free_text(
    open: &mut Open,
    out: &mut Vec<u8>,
    facts: &mut Object,
    key: &str,
    value: Option<&str>,
) {
    if let Some(value) = value {
        open.text(out, key, value);
        facts.insert(key, Value::from(value));
    }
}

/// Writes a moment in microseconds and gives it back as a reader of the text sees it.
pub(crate) fn moment(open: &mut Open, out: &mut Vec<u8>, key: &str, micros: u64) -> EpochSeconds {
    open.plain_key(out, key);
    let from = out.len();
    json::seconds(out, micros);
    let seconds = match u32::try_from(micros >> 53) {
        #[expect(clippy::cast_precision_loss, reason = "below 2^53 it is exact")]
        Ok(0) => micros as f64 / 1e6,
        _ => std::str::from_utf8(&out[from..])
            .ok()
            .and_then(|digits| digits.parse().ok())
            .expect("digits and a point are a number"),
    };
    EpochSeconds::new(seconds).expect("a 64-bit number of microseconds is finite")
}

pub(crate) fn trace_id(open: &mut Open, out: &mut Vec<u8>, id: TraceId) {
    open.plain_key(out, "trace_id");
    let bytes = id.bits().to_be_bytes();
    out.extend_from_slice(b"\"1-");
    json::hexadecimal(out, &bytes[..4]);
    out.push(b'-');
    json::hexadecimal(out, &bytes[4..]);
    out.push(b'"');
}

pub(crate) fn segment_id(open: &mut Open, out: &mut Vec<u8>, key: &str, id: SegmentId) {
    open.plain_key(out, key);
    out.push(b'"');
    json::hexadecimal(out, &id.bits().to_be_bytes());
    out.push(b'"');
}

/// An attribute's value as an annotation's; `None` when it cannot be one.
pub(crate) fn annotation(value: crate::message::Value<'_>) -> Option<AnnotationValue> {
    use crate::message::Value as Sent;
    Some(match value {
        Sent::Text(text) => AnnotationValue::Text(text.into()),
        Sent::Boolean(boolean) => AnnotationValue::Boolean(boolean),
        #[expect(clippy::cast_precision_loss, reason = "numbers are doubles there")]
        Sent::Integer(integer) => AnnotationValue::Number(integer as f64),
        Sent::Double(double) if double.is_finite() => AnnotationValue::Number(double),
        Sent::Double(_) | Sent::Empty | Sent::Bytes(_) | Sent::List(_) | Sent::Map(_) => {
            return None;
        }
    })
}
