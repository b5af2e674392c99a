//! What a stage answers.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::request::BodyError;

/// The answer of a stage, ready to be written.
pub type StageResponse = http::Response<ResponseBody>;

/// The answer's body. When it has been sent or dropped, the request is over and its segment is recorded.
#[derive(Debug)]
pub struct ResponseBody {
    rest: Bytes,
}

// === impl ResponseBody ===

impl ResponseBody {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self { rest: bytes }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let rest = std::mem::take(&mut self.rest);
        Poll::Ready((!rest.is_empty()).then(|| Ok(Frame::data(rest))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
