//! Bodies: streamed where they pass through, read whole and bounded where a service needs them.

use bytes::{Bytes, BytesMut};
use fluoro_gateway::{BodyError, Room, StoodStill, Taken};
use http::{HeaderMap, StatusCode, header};
use http_body::Body as _;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};

/// A request's or an answer's body, whatever makes it.
pub(crate) type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Why a body was not read whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// It is longer than the service takes. What was read is gone; the connection cannot be kept.
    #[error("the body is longer than {limit} bytes")]
    TooLong {
        /// The most that is taken.
        limit: usize,
    },
    /// Nothing came of it for too long.
    #[error("the body stood still for too long")]
    Stalled,
    /// The client went away, or what it sent was no body.
    #[error("failed to read the body")]
    Broken(#[source] BodyError),
}

/// A body of these bytes.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Reads `body` to its end, unless it is longer than `limit` bytes or stands still.
///
/// A body whose announced length is too long is refused before a byte of it is asked for, so a client that sent
/// `Expect: 100-continue` never sends it.
pub(crate) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
) -> Result<Bytes, ReadError> {
    let expected = announced(headers).unwrap_or(0);
    let Some(expected) = usize::try_from(expected)
        .ok()
        .filter(|bytes| *bytes <= limit)
    else {
        return Err(ReadError::TooLong { limit });
    };
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(ReadError::of)?.into_data() else {
            continue; // trailers
        };
        if read.len() + data.len() > limit {
            return Err(ReadError::TooLong { limit });
        }
        if read.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        if read.is_empty() {
            read.reserve(expected);
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

// === impl ReadError ===

impl ReadError {
    fn of(error: BodyError) -> Self {
        if error.is::<StoodStill>() {
            Self::Stalled
        } else {
            Self::Broken(error)
        }
    }

    /// What it means to whoever sent the body.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Stalled => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(_) => StatusCode::BAD_REQUEST,
        }
    }

    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "RequestEntityTooLargeException",
            Self::Stalled => "RequestTimeoutException",
            Self::Broken(_) => "RequestAbortedException",
        }
    }
}

/// Room for `body` while it is read and answered. A body that did not announce its length takes room for `limit` bytes.
/// `None` when too much is taken: try again later.
pub(crate) fn room_for(room: &Room, body: &Body, limit: usize) -> Option<Taken> {
    let bytes = body.size_hint().upper();
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
    room.take(bytes.unwrap_or(limit).min(limit))
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http::HeaderValue;
    use hyper::body::Frame;

    use super::*;
    use crate::steady::{STANDSTILL, Steady};

    struct Pieces(VecDeque<&'static str>);

    impl http_body::Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(
                self.0
                    .pop_front()
                    .map(|piece| Ok(Frame::data(piece.into()))),
            )
        }
    }

    fn in_pieces(pieces: &[&'static str]) -> Body {
        Pieces(pieces.iter().copied().collect())
            .map_err(|never| match never {})
            .boxed_unsync()
    }

    #[tokio::test]
    async fn pieces_are_joined() {
        let none = HeaderMap::new();
        for pieces in [&["ab", "c", "d"][..], &["abcd"], &["a", "", "bcd"]] {
            let read = read(&none, in_pieces(pieces), 4).await.unwrap();
            assert_eq!(read, "abcd");
        }
        assert_eq!(read(&none, in_pieces(&[]), 4).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_body_one_byte_too_long_is_refused() {
        let refused = read(&HeaderMap::new(), in_pieces(&["abc", "de"]), 4).await;
        assert!(matches!(refused, Err(ReadError::TooLong { limit: 4 })));
    }

    #[tokio::test]
    async fn an_announced_length_is_believed_before_anything_is_read() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("5"));
        let refused = read(&headers, in_pieces(&["abc"]), 4).await;
        assert!(matches!(refused, Err(ReadError::TooLong { limit: 4 })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_given_up() {
        struct Nothing;
        impl http_body::Body for Nothing {
            type Data = Bytes;
            type Error = Infallible;

            fn poll_frame(
                self: Pin<&mut Self>,
                _context: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
                Poll::Pending
            }
        }
        let body = Steady::new(Nothing.map_err(|never| match never {}), (), STANDSTILL);
        let given_up = read(&HeaderMap::new(), body.boxed_unsync(), 4).await;
        let given_up = given_up.unwrap_err();
        assert!(matches!(given_up, ReadError::Stalled));
        assert_eq!(given_up.status(), StatusCode::REQUEST_TIMEOUT);
    }

    #[test]
    fn a_body_that_does_not_say_its_length_takes_room_for_the_longest() {
        let room = Room::new(8 << 10);
        let take = |body: Body| room_for(&room, &body, 5 << 10);
        let first = take(in_pieces(&["abc"]));
        assert!(first.is_some());
        assert!(take(in_pieces(&["abc"])).is_none());
        assert!(take(whole("")).is_some());
        assert!(take(whole("abc")).is_some());
        drop(first);
        assert!(take(in_pieces(&["abc"])).is_some());
    }
}
