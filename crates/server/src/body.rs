//! Bodies: streamed where they pass through, read whole and bounded where a service needs them.

use bytes::{Bytes, BytesMut};
use fluoro_gateway::BodyError;
use http::{HeaderMap, header};
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

/// Reads `body` to its end, unless it is longer than `limit` bytes.
///
/// A body whose announced length is too long is refused before a byte of it is asked for, so a client that sent
/// `Expect: 100-continue` never sends it.
pub(crate) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
) -> Result<Bytes, ReadError> {
    let too_long = || ReadError::TooLong { limit };
    if announced(headers).is_some_and(|length| length > limit as u64) {
        return Err(too_long());
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(ReadError::Broken)?.into_data() else {
            continue; // trailers
        };
        if first.len() + rest.len() + data.len() > limit {
            return Err(too_long());
        }
        if first.is_empty() && rest.is_empty() {
            if body.is_end_stream() {
                return Ok(data);
            }
            first = data;
            continue;
        }
        if rest.is_empty() {
            let expected = announced(headers).map_or(0, |length| {
                usize::try_from(length).unwrap_or(limit).min(limit)
            });
            rest.reserve(expected.max(first.len() + data.len()));
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&data);
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
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
}
