//! Writing requests, for tests.

/// A message of fields that are messages, texts or bytes.
#[must_use]
pub fn message(fields: &[(u32, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, bytes) in fields {
        field(&mut out, *number, bytes);
    }
    out
}

/// Adds a field that is a message, text or bytes.
pub fn field(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    varint(out, u64::from(number << 3 | 2));
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Adds a field that is a varint.
pub fn number(out: &mut Vec<u8>, number: u32, value: u64) {
    varint(out, u64::from(number << 3));
    varint(out, value);
}

/// Adds a field of eight bytes.
pub fn fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    varint(out, u64::from(number << 3 | 1));
    out.extend_from_slice(&value.to_le_bytes());
}

/// Adds a field of four bytes.
pub fn fixed32(out: &mut Vec<u8>, number: u32, value: u32) {
    varint(out, u64::from(number << 3 | 5));
    out.extend_from_slice(&value.to_le_bytes());
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// A name and its value.
#[must_use]
pub fn attribute(key: &str, any: &[u8]) -> Vec<u8> {
    message(&[(1, key.as_bytes()), (2, any)])
}

/// Values.
pub mod any {
    use super::{field, fixed64, message, number};

    /// A value.
    #[must_use]
    pub fn text(text: &str) -> Vec<u8> {
        message(&[(1, text.as_bytes())])
    }

    /// A value.
    #[must_use]
    pub fn boolean(value: bool) -> Vec<u8> {
        let mut out = Vec::new();
        number(&mut out, 2, u64::from(value));
        out
    }

    /// A value.
    #[must_use]
    pub fn integer(value: i64) -> Vec<u8> {
        let mut out = Vec::new();
        number(&mut out, 3, value.cast_unsigned());
        out
    }

    /// A value.
    #[must_use]
    pub fn double(value: f64) -> Vec<u8> {
        let mut out = Vec::new();
        fixed64(&mut out, 4, value.to_bits());
        out
    }

    /// A value.
    #[must_use]
    pub fn list(elements: &[&[u8]]) -> Vec<u8> {
        let mut inner = Vec::new();
        for element in elements {
            field(&mut inner, 1, element);
        }
        message(&[(5, &inner)])
    }

    /// A value.
    #[must_use]
    pub fn map(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut inner = Vec::new();
        for (key, value) in members {
            field(&mut inner, 1, &super::attribute(key, value));
        }
        message(&[(6, &inner)])
    }

    /// A value.
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> Vec<u8> {
        message(&[(7, bytes)])
    }
}

/// A request of one service: its resource's attributes, and its spans, all of one instrumentation.
#[must_use]
pub fn request(resource: &[(&str, Vec<u8>)], spans: &[Vec<u8>]) -> Vec<u8> {
    let mut told = Vec::new();
    for (key, value) in resource {
        field(&mut told, 1, &attribute(key, value));
    }
    let scope = message(&[(1, b"shop.tracing"), (2, b"1.2.0")]);
    let mut scoped = message(&[(1, &scope)]);
    for span in spans {
        field(&mut scoped, 2, span);
    }
    message(&[(1, &message(&[(1, &told), (2, &scoped)]))])
}

/// A span that is over, of this kind's number.
#[must_use]
pub fn span(trace: &[u8], id: &[u8], kind: u64, name: &str, unix_nanos: [u64; 2]) -> Vec<u8> {
    let mut out = message(&[(1, trace), (2, id), (5, name.as_bytes())]);
    number(&mut out, 6, kind);
    fixed64(&mut out, 7, unix_nanos[0]);
    fixed64(&mut out, 8, unix_nanos[1]);
    out
}
