//! What an OTLP client is answered, in protocol buffers.
//!
//! Source: OpenTelemetry protocol specification, OTLP/HTTP response; `trace_service.proto`; `google/rpc/status.proto`.

use crate::Malformed;
use crate::message::{each, inner};

/// `ExportTraceServiceResponse`: empty when every span was taken, else how many were not, and why.
#[must_use]
pub fn taken(rejected_spans: u64, error_message: &str) -> Vec<u8> {
    if rejected_spans == 0 && error_message.is_empty() {
        return Vec::new();
    }
    let mut partial = Vec::new();
    if rejected_spans > 0 {
        partial.push(1 << 3);
        varint(&mut partial, rejected_spans);
    }
    bytes(&mut partial, 2, error_message.as_bytes());
    let mut response = Vec::new();
    bytes(&mut response, 1, &partial);
    response
}

/// What a client reads of [`taken`]: how many spans were not taken, and why.
///
/// # Errors
///
/// When it is no such answer.
pub fn rejected(response: &[u8]) -> Result<(u64, String), Malformed> {
    let (mut spans, mut why) = (0, "");
    inner(response, 1, |partial| {
        each(partial, |number, wire| {
            match number {
                1 => spans = wire.varint()?,
                2 => why = wire.text()?,
                _ => {}
            }
            Ok(())
        })
    })?;
    Ok((spans, why.to_owned()))
}

/// What a client reads of [`status`]: the message.
///
/// # Errors
///
/// When it is no such status.
pub fn message(status: &[u8]) -> Result<String, Malformed> {
    let mut message = "";
    each(status, |number, wire| {
        if number == 2 {
            message = wire.text()?;
        }
        Ok(())
    })?;
    Ok(message.to_owned())
}

/// `google.rpc.Status`.
#[must_use]
pub fn status(code: StatusCode, message: &str) -> Vec<u8> {
    let mut status = vec![1 << 3];
    varint(&mut status, code as u64);
    bytes(&mut status, 2, message.as_bytes());
    status
}

/// What went wrong, as gRPC counts it. Source: `google/rpc/code.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusCode {
    /// The request is not what it should be.
    InvalidArgument = 3,
    /// It may not be made.
    PermissionDenied = 7,
    /// There is no room for it now, or it is too large.
    ResourceExhausted = 8,
    /// There is nothing of the kind.
    Unimplemented = 12,
    /// We failed.
    Internal = 13,
    /// Try again.
    Unavailable = 14,
}

fn bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push(field << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_taken_says_nothing() {
        assert_eq!(taken(0, ""), b"");
    }

    #[test]
    fn a_part_refused_says_how_many_and_why() {
        assert_eq!(taken(300, "no"), b"\x0a\x07\x08\xac\x02\x12\x02no");
    }

    #[test]
    fn what_is_said_is_understood() {
        for said in [(0, ""), (300, "no"), (0, "almost")] {
            let read = rejected(&taken(said.0, said.1)).unwrap();
            assert_eq!((read.0, read.1.as_str()), said);
        }
        let said = status(StatusCode::Unavailable, "later");
        assert_eq!(message(&said).unwrap(), "later");
        for other in [&b"<html>"[..], b"\x0a\x07\x08"] {
            assert!(rejected(other).is_err() && message(other).is_err());
        }
    }

    #[test]
    fn a_status_has_code_and_message() {
        assert_eq!(
            status(StatusCode::Unavailable, "later"),
            b"\x08\x0e\x12\x05later"
        );
    }
}
