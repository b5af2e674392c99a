//! Answers that go on: pieces that somebody else sends, until there are no more, the reader goes, or it ends amiss.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use fluoro_gateway::BodyError;
use http::{HeaderValue, Response, header};
use http_body_util::BodyExt;
use hyper::body::Frame;
use tokio::sync::mpsc;

use crate::body::Body;

/// A piece; an error breaks the answer off, so that the reader knows that it is not whole.
pub(super) type Piece = Result<Bytes, BodyError>;

/// A body whose pieces come from a task.
struct Pieces(mpsc::Receiver<Piece>);

/// An answer of this media type: one piece waits at most, so whoever sends goes as fast as the reader.
pub(super) fn answer(kind: &'static str) -> (mpsc::Sender<Piece>, Response<Body>) {
    let (sender, pieces) = mpsc::channel(1);
    let mut response = Response::new(Pieces(pieces).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let fresh = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, fresh);
    (sender, response)
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
        polled.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
