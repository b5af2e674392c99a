//! One datagram: a header line and a document.

use serde::Deserialize;

/// Why a datagram is no daemon packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PacketFault {
    /// No line break, so no header.
    NoHeader,
    /// The first line is not the header.
    BadHeader,
    /// Nothing after the header.
    Empty,
}

impl PacketFault {
    /// The fault in few words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoHeader => "datagram without header line",
            Self::BadHeader => "datagram with an unknown header",
            Self::Empty => "datagram without document",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn mend(self) -> &'static str {
        r#"send {"format":"json","version":1}, a line break, and one segment document a datagram"#
    }
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    format: std::borrow::Cow<'a, str>,
    version: i64,
}

/// The document in a datagram.
///
/// Spaces in the header are allowed, its format is compared without case, its version must be 1. Source:
/// aws-xray-daemon, pkg/tracesegment.
///
/// # Errors
///
/// Why the datagram is no packet.
pub fn document(datagram: &[u8]) -> Result<&[u8], PacketFault> {
    let line_break = datagram.iter().position(|&byte| byte == b'\n');
    let (header, body) = line_break
        .map(|at| (&datagram[..at], &datagram[at + 1..]))
        .ok_or(PacketFault::NoHeader)?;
    let header: Header<'_> = serde_json::from_slice(header).map_err(|_| PacketFault::BadHeader)?;
    if !header.format.eq_ignore_ascii_case("json") || header.version != 1 {
        return Err(PacketFault::BadHeader);
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(PacketFault::Empty);
    }
    Ok(body)
}
