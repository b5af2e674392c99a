//! Writing JSON straight into the bytes that are stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Malformed;
use crate::message::{Attribute, VALUE_DEPTH, Value, elements, members};

/// An object or a list in the making; closed by [`Open::close`].
///
/// Members are written to the buffer that every call is given, so that facts can be cut from it.
#[derive(Debug)]
pub(crate) struct Open {
    close: u8,
    first: bool,
}

/// Begins an object.
pub(crate) fn object(out: &mut Vec<u8>) -> Open {
    out.push(b'{');
    Open {
        close: b'}',
        first: true,
    }
}

/// Begins a list.
pub(crate) fn list(out: &mut Vec<u8>) -> Open {
    out.push(b'[');
    Open {
        close: b']',
        first: true,
    }
}

// === impl Open ===

impl Open {
    /// Begins members that somebody else will put between braces.
    pub(crate) fn members() -> Self {
        Self {
            close: b' ',
            first: true,
        }
    }

    /// Adds members that are written already.
    pub(crate) fn members_of(&mut self, out: &mut Vec<u8>, members: &[u8]) {
        if !members.is_empty() {
            self.next(out);
            out.extend_from_slice(members);
        }
    }

    /// Closes after members that are written already.
    pub(crate) fn close_with(mut self, out: &mut Vec<u8>, members: &[u8]) {
        self.members_of(out, members);
        self.close(out);
    }

    /// A number that is told unless it is zero.
    pub(crate) fn count(&mut self, out: &mut Vec<u8>, key: &str, count: u32) {
        if count != 0 {
            self.integer(out, key, i64::from(count));
        }
    }

    /// What stands before the next element.
    pub(crate) fn next(&mut self, out: &mut Vec<u8>) {
        if !self.first {
            out.push(b',');
        }
        self.first = false;
    }

    /// A member's name, of letters that need no escape.
    pub(crate) fn plain_key(&mut self, out: &mut Vec<u8>, key: &str) {
        self.next(out);
        out.push(b'"');
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
    }

    /// A member's name, whatever it is.
    pub(crate) fn key(&mut self, out: &mut Vec<u8>, key: &str) {
        self.next(out);
        text(out, key);
        out.push(b':');
    }

    pub(crate) fn text(&mut self, out: &mut Vec<u8>, key: &str, value: &str) {
        self.plain_key(out, key);
        text(out, value);
    }

    pub(crate) fn integer(&mut self, out: &mut Vec<u8>, key: &str, value: i64) {
        self.plain_key(out, key);
        integer(out, value);
    }

    pub(crate) fn boolean(&mut self, out: &mut Vec<u8>, key: &str, value: bool) {
        self.plain_key(out, key);
        boolean(out, value);
    }

    /// Attributes as members, each with its own name.
    pub(crate) fn attributes(
        &mut self,
        out: &mut Vec<u8>,
        attributes: &[Attribute<'_>],
    ) -> Result<(), Malformed> {
        for attribute in attributes {
            self.key(out, attribute.key);
            value(out, attribute.value)?;
        }
        Ok(())
    }

    pub(crate) fn close(self, out: &mut Vec<u8>) {
        out.push(self.close);
    }
}

/// A text, quoted, with what JSON needs escaped.
pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = first_escaped(rest) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                out.extend_from_slice(b"\\u00");
                hexadecimal(out, &[control]);
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Where the first byte is that a JSON text cannot have as it is.
fn first_escaped(bytes: &[u8]) -> Option<usize> {
    let is_escaped = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    let (words, rest) = bytes.as_chunks::<8>();
    let word = words.iter().position(|word| {
        let word = u64::from_le_bytes(*word);
        // A byte below `limit` borrows into its highest bit, which it did not have.
        let has_below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH != 0;
        let has = |byte: u8| has_below(word ^ (ONES * u64::from(byte)), 1);
        has_below(word, u64::from(b' ')) || has(b'"') || has(b'\\')
    });
    let (from, part) = match word {
        Some(word) => (word * 8, &words[word][..]),
        None => (words.len() * 8, rest),
    };
    part.iter().position(is_escaped).map(|at| from + at)
}

/// Each byte one, and each byte's highest bit.
const ONES: u64 = u64::MAX / 255;
const HIGH: u64 = ONES * 0x80;

/// Two digits a byte.
pub(crate) fn hexadecimal(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for &byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

pub(crate) fn integer(out: &mut Vec<u8>, value: i64) {
    serde_json::to_writer(out, &value).expect("numbers can be written to memory");
}

pub(crate) fn natural(out: &mut Vec<u8>, value: u64) {
    serde_json::to_writer(out, &value).expect("numbers can be written to memory");
}

pub(crate) fn boolean(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

/// A point in time in seconds, with six decimals: the nanoseconds beyond them are told elsewhere.
pub(crate) fn seconds(out: &mut Vec<u8>, micros: u64) {
    let (whole, mut fraction) = (micros / 1_000_000, micros % 1_000_000);
    serde_json::to_writer(&mut *out, &whole).expect("numbers can be written to memory");
    let mut digits = [b'.', b'0', b'0', b'0', b'0', b'0', b'0'];
    for digit in digits[1..].iter_mut().rev() {
        *digit += (fraction % 10).to_le_bytes()[0];
        fraction /= 10;
    }
    out.extend_from_slice(&digits);
}

/// An attribute's value. JSON has a form of its own for most; others are told as OTLP's JSON tells them, in an object that
/// names their type. Whole numbers have no decimals, doubles have.
pub(crate) fn value(out: &mut Vec<u8>, value: Value<'_>) -> Result<(), Malformed> {
    value_within(VALUE_DEPTH, out, value)
}

fn value_within(depth: usize, out: &mut Vec<u8>, value: Value<'_>) -> Result<(), Malformed> {
    let below = depth.checked_sub(1).ok_or(Malformed::Nested)?;
    match value {
        Value::Empty => out.extend_from_slice(b"null"),
        Value::Text(value) => text(out, value),
        Value::Boolean(value) => boolean(out, value),
        Value::Integer(value) => integer(out, value),
        Value::Double(value) => double(out, value),
        Value::Bytes(bytes) => {
            out.extend_from_slice(b"{\"bytesValue\":\"");
            out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
            out.extend_from_slice(b"\"}");
        }
        Value::List(message) => {
            let mut open = list(out);
            elements(message, |element| {
                open.next(out);
                value_within(below, out, element)
            })?;
            open.close(out);
        }
        Value::Map(message) => {
            let mut open = object(out);
            members(message, |member| {
                open.key(out, member.key);
                value_within(below, out, member.value)
            })?;
            open.close(out);
        }
    }
    Ok(())
}

/// JSON has no infinities and no NaN.
fn double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        serde_json::to_writer(out, &value).expect("numbers can be written to memory");
        return;
    }
    let name = match value {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    };
    out.extend_from_slice(b"{\"doubleValue\":\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\"}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{any, message};

    fn written(value: Value<'_>) -> String {
        let mut out = Vec::new();
        super::value(&mut out, value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_text_comes_back_whatever_is_in_it() {
        let all: String = (0..0x300).filter_map(char::from_u32).collect();
        let mut out = Vec::new();
        text(&mut out, &all);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), all);
    }

    #[test]
    fn what_must_be_escaped_is_found_wherever_it_is() {
        for byte in 0..=u8::MAX {
            let escaped = byte < 0x20 || byte == b'"' || byte == b'\\';
            for around in [0x20, b'!', b'#', b'[', b']', 0x7f, 0x80, 0xff] {
                for at in 0..20 {
                    let mut bytes = [around; 20];
                    bytes[at] = byte;
                    assert_eq!(first_escaped(&bytes), escaped.then_some(at), "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn every_type_has_its_form() {
        for (value, form) in [
            (Value::Empty, "null"),
            (Value::Boolean(true), "true"),
            (Value::Integer(i64::MIN), "-9223372036854775808"),
            (Value::Integer(3), "3"),
            (Value::Double(3.0), "3.0"),
            (Value::Double(f64::NAN), r#"{"doubleValue":"NaN"}"#),
            (
                Value::Double(f64::NEG_INFINITY),
                r#"{"doubleValue":"-Infinity"}"#,
            ),
            (Value::Bytes(&[0, 255]), r#"{"bytesValue":"AP8="}"#),
            (Value::List(&[]), "[]"),
            (Value::Map(&[]), "{}"),
        ] {
            assert_eq!(written(value), form);
        }
        let list = message(&[(1, &any::text("a")), (1, &any::integer(-1))]);
        assert_eq!(written(Value::List(&list)), r#"["a",-1]"#);
    }

    #[test]
    fn values_within_values_are_bounded() {
        let nested = |levels: usize| {
            let mut value = any::text("core");
            for _ in 0..levels {
                value = any::list(&[&value]);
            }
            let list = message(&[(1, &value)]);
            super::value(&mut Vec::new(), Value::List(&list))
        };
        assert_eq!(nested(VALUE_DEPTH - 2), Ok(()));
        assert_eq!(nested(VALUE_DEPTH - 1), Err(Malformed::Nested));
        assert_eq!(nested(1_000), Err(Malformed::Nested));
    }

    #[test]
    fn times_have_six_decimals() {
        for (micros, written) in [
            (0, "0.000000"),
            (1_728_053_249_000_001, "1728053249.000001"),
            (1_728_053_249_120_000, "1728053249.120000"),
        ] {
            let mut out = Vec::new();
            seconds(&mut out, micros);
            assert_eq!(String::from_utf8(out).unwrap(), written);
        }
    }
}
