//! What a stage answers.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::PAYLOAD_LIMIT;
use crate::request::BodyError;
use crate::trace::Recording;

/// The answer of a stage, ready to be written.
pub type StageResponse = http::Response<ResponseBody>;

/// Names of an answer's headers as a function or an API's owner spelt them, in the answer's extensions. HTTP gives case
/// no meaning; whoever writes the answer may show them so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderSpelling(pub Arc<[Box<str>]>);

/// The answer's body. When it has been sent or dropped, the request is over and its segment is recorded.
#[derive(Debug)]
pub struct ResponseBody {
    content: Content,
    recording: Option<Box<Recording>>,
}

#[derive(Debug)]
enum Content {
    Whole(Bytes),
    Streamed(Box<Streamed>),
}

/// A backend's body on its way to the client: bounded in size and in time.
#[derive(Debug)]
struct Streamed {
    body: Incoming,
    passed: u64,
    deadline: Instant,
    /// Set when the backend lets us wait.
    timer: Option<Pin<Box<Sleep>>>,
}

/// Why a streamed answer breaks off.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the backend's answer is larger than {PAYLOAD_LIMIT} bytes")]
    TooLarge,
    #[error("the backend's answer took longer than the integration's timeout")]
    TooSlow,
}

// === impl ResponseBody ===

impl ResponseBody {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self {
            content: Content::Whole(bytes),
            recording: None,
        }
    }

    pub(crate) fn streamed(body: Incoming, deadline: Instant) -> Self {
        let streamed = Streamed {
            body,
            passed: 0,
            deadline,
            timer: None,
        };
        Self {
            content: Content::Streamed(Box::new(streamed)),
            recording: None,
        }
    }

    /// The segment to record when this body is over.
    pub(crate) fn recorded_by(mut self, recording: Option<Box<Recording>>) -> Self {
        self.recording = recording;
        self
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let streamed = match &mut this.content {
            Content::Whole(rest) => {
                let rest = std::mem::take(rest);
                return Poll::Ready((!rest.is_empty()).then(|| Ok(Frame::data(rest))));
            }
            Content::Streamed(streamed) => streamed,
        };
        let frame = ready!(streamed.poll(context));
        if let Some(recording) = &mut this.recording {
            match &frame {
                Some(Ok(_)) => {}
                Some(Err(_)) => recording.call_failed(),
                None => recording.streamed(streamed.passed),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(rest) => rest.is_empty(),
            Content::Streamed(streamed) => streamed.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(rest) => SizeHint::with_exact(rest.len() as u64),
            Content::Streamed(streamed) => streamed.body.size_hint(),
        }
    }
}

// === impl Streamed ===

impl Streamed {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            let deadline = self.deadline;
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
            ready!(timer.as_mut().poll(context));
            return Poll::Ready(Some(Err(Broken::TooSlow.into())));
        };
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.passed += bytes as u64;
                if self.passed > PAYLOAD_LIMIT as u64 {
                    Some(Err(Broken::TooLarge.into()))
                } else {
                    Some(Ok(frame))
                }
            }
            Some(Err(error)) => Some(Err(error.into())),
            None => None,
        })
    }
}
