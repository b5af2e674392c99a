//! An answer's body on its way back: it holds its call's turn until it ends, and does not stand still for ever.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use fluoro_gateway::BodyError;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};

pub(super) struct Guarded {
    body: Incoming,
    _turn: OwnedSemaphorePermit,
    standstill: Duration,
    deadline: Pin<Box<Sleep>>,
}

/// The body stood still for too long.
#[derive(Debug, thiserror::Error)]
#[error("the answer stood still for {} seconds", .0.as_secs())]
struct StoodStill(Duration);

impl Guarded {
    pub(super) fn new(body: Incoming, turn: OwnedSemaphorePermit, standstill: Duration) -> Self {
        Self {
            body,
            _turn: turn,
            standstill,
            deadline: Box::pin(sleep(standstill)),
        }
    }
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let next = Instant::now() + self.standstill;
            self.deadline.as_mut().reset(next);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(self.deadline.as_mut().poll(context));
        Poll::Ready(Some(Err(StoodStill(self.standstill).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
