//! Answers that go on: one JSON document a line, as they come, until the reader goes or the server stops.

use http::Response;
use serde::Serialize;
use tokio::sync::mpsc;

use super::pieces::{self, Piece};
use crate::body::Body;

/// An answer of lines that somebody else sends.
pub(super) fn answer() -> (mpsc::Sender<Piece>, Response<Body>) {
    pieces::answer("application/x-ndjson")
}

/// Adds a document as a line.
pub(super) fn push(text: &mut Vec<u8>, document: &impl Serialize) {
    serde_json::to_writer(&mut *text, document).expect("a line has text keys and memory takes it");
    text.push(b'\n');
}
