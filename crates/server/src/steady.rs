//! A body that does not stand still for ever, and holds something until it ends: its call's turn, say.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use fluoro_gateway::{BodyError, StoodStill};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// How long a body may stand still, a client's and a downstream's.
pub(crate) const STANDSTILL: Duration = Duration::from_secs(60);

pub(crate) struct Steady<B, H> {
    body: B,
    _held: H,
    standstill: Duration,
    /// While the next piece is waited for.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<B, H> Steady<B, H> {
    pub(crate) fn new(body: B, held: H, standstill: Duration) -> Self {
        Self {
            body,
            _held: held,
            standstill,
            deadline: None,
        }
    }
}

impl<B, H> Body for Steady<B, H>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
    H: Unpin,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.deadline = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let standstill = self.standstill;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(sleep(standstill)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Some(Err(StoodStill(standstill).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use http_body_util::BodyExt as _;

    use super::*;

    /// Each piece after so many seconds; then nothing, for ever.
    struct Slow {
        waits: VecDeque<u64>,
        next: Option<Pin<Box<Sleep>>>,
    }

    impl Body for Slow {
        type Data = Bytes;
        type Error = BodyError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            if self.next.is_none() {
                let Some(seconds) = self.waits.pop_front() else {
                    return Poll::Pending;
                };
                self.next = Some(Box::pin(sleep(Duration::from_secs(seconds))));
            }
            if let Some(next) = &mut self.next {
                ready!(next.as_mut().poll(context));
            }
            self.next = None;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_comes_and_one_that_stands_still_does_not() {
        let body = Slow {
            waits: VecDeque::from([0, 59, 59, 59]),
            next: None,
        };
        let mut body = Steady::new(body, (), STANDSTILL);
        for _ in 0..4 {
            assert!(body.frame().await.unwrap().is_ok());
        }
        let error = body.frame().await.unwrap().unwrap_err();
        assert!(error.is::<StoodStill>(), "{error}");
    }
}
