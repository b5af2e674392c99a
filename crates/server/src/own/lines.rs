//! Answers that go on: one JSON document a line, as they come, until the reader goes or the server stops.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use fluoro_gateway::BodyError;
use http::{HeaderValue, Response, header};
use http_body_util::BodyExt;
use hyper::body::Frame;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::body::Body;

/// A body whose pieces come from a task.
struct Pieces(mpsc::Receiver<Bytes>);

/// An answer of lines that somebody else sends: one piece waits at most, so whoever sends goes as fast as the reader.
pub(super) fn answer() -> (mpsc::Sender<Bytes>, Response<Body>) {
    let (lines, pieces) = mpsc::channel(1);
    let mut response = Response::new(Pieces(pieces).boxed_unsync());
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/x-ndjson");
    headers.insert(header::CONTENT_TYPE, kind);
    let fresh = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, fresh);
    (lines, response)
}

/// Adds a document as a line.
pub(super) fn push(text: &mut Vec<u8>, document: &impl Serialize) {
    serde_json::to_writer(&mut *text, document).expect("a line has text keys and memory takes it");
    text.push(b'\n');
}

// === impl Pieces ===

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = self.0.poll_recv(context);
        polled.map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}
