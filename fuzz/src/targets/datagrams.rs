//! Datagrams of the daemon's protocol.

use fluoro_ingest::daemon::{self, PacketFault};

use super::documents;

pub(super) const DICTIONARY: &[&str] = &[
    r#"{"format":"json","version":1}"#,
    r#"{"format": "JSON", "version": 1}"#,
    "\n",
    "\r\n",
    "version",
    "format",
    "T1S",
    "T1U",
];

pub(super) fn seed(line: &str) -> Vec<u8> {
    format!("{{\"format\":\"json\",\"version\":1}}\n{line}").into_bytes()
}

/// A datagram is its first line, which is the header, and a document.
pub(super) fn run(datagram: &[u8]) {
    let line_break = datagram.iter().position(|&byte| byte == b'\n');
    match daemon::document(datagram) {
        Ok(document) => {
            let body = line_break.map(|at| &datagram[at + 1..]);
            assert_eq!(
                Some(document),
                body,
                "the document is what follows the first line"
            );
            documents::run(document);
        }
        Err(fault) => {
            assert_eq!(fault == PacketFault::NoHeader, line_break.is_none());
            assert!(!fault.name().is_empty() && !fault.mend().is_empty());
        }
    }
}
