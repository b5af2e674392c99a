//! The canonical request: what both sides hash.

use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

use super::S3;

/// The header that names a payload's hash, or says that there is none.
pub(super) const CONTENT_SHA256: &str = "x-amz-content-sha256";

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const RESERVED_IN_PATHS: &AsciiSet = &RESERVED.remove(b'/');

/// What a signature says about a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// As `x-amz-content-sha256` has it: a hash known before, `UNSIGNED-PAYLOAD`, or a `STREAMING-…` marker.
    Named(&'a str),
    /// Nothing: only services over TLS that allow it.
    Unsigned,
}

impl Payload<'_> {
    pub(super) fn hash(&self) -> String {
        match self {
            Self::Bytes(bytes) => hex::encode(Sha256::digest(bytes)),
            Self::Named(name) => (*name).to_owned(),
            Self::Unsigned => UNSIGNED.to_owned(),
        }
    }
}

/// The canonical request of `head`; `signed` are lower-case header names in order. A presigned query leaves its own
/// signature out.
pub(super) fn request(
    head: &Parts,
    service: &str,
    signed: &[String],
    payload_hash: &str,
) -> String {
    let mut canonical = String::new();
    let path = path(head.uri.path(), service);
    let query = query(head.uri.query().unwrap_or_default());
    canonical.push_str(&format!("{}\n{path}\n{query}\n", head.method));
    for name in signed {
        canonical.push_str(&format!("{name}:{}\n", header(head, name)));
    }
    canonical.push_str(&format!("\n{}\n{payload_hash}", signed.join(";")));
    canonical
}

/// S3 takes the path as it was sent; everybody else removes dot segments and encodes once more.
fn path(raw: &str, service: &str) -> String {
    if service == S3 {
        let decoded: Vec<u8> = percent_decode_str(raw).collect();
        return percent_encode(&decoded, RESERVED_IN_PATHS).to_string();
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    let mut normal = format!("/{}", kept.join("/"));
    let last = raw.rsplit('/').next().unwrap_or_default();
    if normal.len() > 1 && matches!(last, "" | "." | "..") {
        normal.push('/');
    }
    percent_encode(normal.as_bytes(), RESERVED_IN_PATHS).to_string()
}

/// Decoded, encoded strictly, sorted by name and then by value.
fn query(raw: &str) -> String {
    let strict = |text: &str| {
        let decoded: Vec<u8> = percent_decode_str(text).collect();
        percent_encode(&decoded, RESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = raw
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (strict(name), strict(value)))
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    let written: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    written.join("&")
}

/// A header's values, joined by commas, runs of spaces made one.
fn header(head: &Parts, name: &str) -> String {
    let values = head.headers.get_all(name).iter();
    let trimmed = values.map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        text.split(' ')
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    });
    trimmed.collect::<Vec<_>>().join(",")
}
