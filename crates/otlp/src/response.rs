//! What an OTLP client is answered, in protocol buffers.
//!
//! Source: OpenTelemetry protocol specification, OTLP/HTTP response; `trace_service.proto`; `google/rpc/status.proto`.

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
    fn a_status_has_code_and_message() {
        assert_eq!(
            status(StatusCode::Unavailable, "later"),
            b"\x08\x0e\x12\x05later"
        );
    }
}
