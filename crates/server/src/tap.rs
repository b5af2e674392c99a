//! A tap on a connection: the head of the present request as the client spelt it, and the head of its answer as AWS
//! spells it.
//!
//! API Gateway shows a function the header names in the client's own case, which an HTTP parser forgets. What is read
//! between the end of one answer and the beginning of the next request's handling begins with that request's head, so
//! the tap keeps just that. When a client sends its next request before it has the answer, or sends more than is kept,
//! the head is not where it should be; then [`Tap::head`] says `None`, and names come in lower case.
//!
//! The other way round, what is first written after an answer was handed over begins with its head. Where it does not
//! (the answer before it is not written yet), the head leaves in lower case.
//!
//! And it tells when the client has gone while somebody waits for that ([`Tap::hung_up`]): the parser goes on for a client
//! that sends no more, as it may still read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_io_timeout::TimeoutWriter;

use crate::spelling::respell;

/// What was read since something was last written.
#[derive(Debug, Clone)]
pub(crate) struct Tap {
    kept: Arc<Mutex<Kept>>,
    line: Arc<Line>,
}

/// Whether the client is still there.
#[derive(Debug, Default)]
struct Line {
    /// How many want to know.
    watched: AtomicUsize,
    is_down: AtomicBool,
    went_down: Notify,
}

/// One who wants to know.
struct Watching<'l>(&'l Line);

/// A stream that tells, without reading, that nothing more will come.
pub(crate) trait Peek {
    /// Ready when the other end has closed its side, or the connection is broken.
    fn poll_closed(&self, context: &mut Context<'_>) -> Poll<()>;
}

/// A stream whose reads are kept.
#[derive(Debug)]
pub(crate) struct Tapped<S> {
    stream: S,
    tap: Tap,
    /// The answer's head as it leaves, and how much of it has left.
    head: Vec<u8>,
    sent: usize,
}

/// An answer whose head is about to be written.
#[derive(Debug)]
struct Answered {
    status: StatusCode,
    /// Names as their owner spells them.
    given: Arc<[Box<str>]>,
}

#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    limit: usize,
    /// Whether what is read still belongs to a head that nobody has asked for.
    open: bool,
    answered: Option<Answered>,
}

// === impl Tap ===

impl Tap {
    /// A tap that keeps at most `limit` bytes, and `stream` with the tap on it.
    pub(crate) fn on<S>(stream: S, limit: usize) -> (Self, Tapped<S>) {
        let kept = Kept {
            bytes: Vec::new(),
            limit,
            open: true,
            answered: None,
        };
        let tap = Self {
            kept: Arc::new(Mutex::new(kept)),
            line: Arc::default(),
        };
        let tapped = Tapped {
            stream,
            tap: tap.clone(),
            head: Vec::new(),
            sent: 0,
        };
        (tap, tapped)
    }

    /// Stops keeping until something is written: a request's handling has begun, what follows is its body.
    pub(crate) fn close(&self) {
        self.kept.lock().open = false;
    }

    /// The head of `request` byte for byte, request line and empty line included, if the tap has it.
    pub(crate) fn head(&self, request: &Parts) -> Option<Bytes> {
        let kept = self.kept.lock();
        let end = head_end(&kept.bytes)?;
        let head = &kept.bytes[..end];
        is_head_of(head, request).then(|| Bytes::copy_from_slice(head))
    }

    /// Says what is written next: the answer's head. `given` are names of headers as their owner spells them.
    pub(crate) fn answered(&self, status: StatusCode, given: Arc<[Box<str>]>) {
        self.kept.lock().answered = Some(Answered { status, given });
    }

    /// Waits until the client has closed its side of the connection; for ever, when it has sent its next request already. It
    /// is noticed while the connection is served. Cancel safe.
    pub(crate) async fn hung_up(&self) {
        let line = &*self.line;
        line.watched.fetch_add(1, Ordering::AcqRel);
        let _watching = Watching(line);
        loop {
            let went_down = line.went_down.notified();
            if line.is_down.load(Ordering::Acquire) {
                return;
            }
            went_down.await;
        }
    }

    fn keep(&self, read: &[u8]) {
        let mut kept = self.kept.lock();
        if kept.open {
            let room = kept.limit.saturating_sub(kept.bytes.len());
            kept.bytes.extend_from_slice(&read[..read.len().min(room)]);
        }
    }

    /// Something is written; the answer that it begins, if it begins one.
    fn written(&self) -> Option<Answered> {
        let mut kept = self.kept.lock();
        if !kept.open {
            kept.bytes.clear();
            kept.open = true;
        }
        kept.answered.take()
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    let found = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(found + 4)
}

/// Whether these bytes are the head that was parsed into `request`: the same request line, as many headers.
fn is_head_of(head: &[u8], request: &Parts) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n');
    let expected = format!("{} {} HTTP/1.", request.method, request.uri);
    let same_line = lines
        .next()
        .is_some_and(|line| line.starts_with(expected.as_bytes()));
    let headers = lines.filter(|line| !matches!(line, [] | [b'\r'])).count();
    same_line && headers == request.headers.len()
}

// === impl Tapped ===

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = &buffer.filled()[before..];
        if !read.is_empty() {
            self.tap.keep(read);
        }
        polled
    }
}

impl<S> Tapped<S> {
    /// Notes that `bytes` are to be written. When they begin with the head of an answer, it is spelt anew.
    fn begin(&mut self, bytes: &[u8]) {
        let Some(Answered { status, given }) = self.tap.written() else {
            return;
        };
        let begins = bytes.strip_prefix(b"HTTP/1.1 ");
        let is_this = begins.is_some_and(|rest| rest.starts_with(status.as_str().as_bytes()));
        if self.left() == 0
            && is_this
            && let Some(end) = head_end(bytes)
        {
            self.head.clear();
            self.head.extend_from_slice(&bytes[..end]);
            self.sent = 0;
            respell(&mut self.head, &given);
        }
    }

    /// How much of the head, spelt anew, is still to be written: so many of the next bytes stand for it.
    fn left(&self) -> usize {
        self.head.len() - self.sent
    }

    fn sent(&mut self, bytes: usize) {
        self.sent += bytes.min(self.left());
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.0.watched.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Peek for Pin<Box<TimeoutWriter<TcpStream>>> {
    fn poll_closed(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut byte = [0];
        match self
            .get_ref()
            .poll_peek(context, &mut ReadBuf::new(&mut byte))
        {
            Poll::Ready(Ok(0) | Err(_)) => Poll::Ready(()),
            Poll::Ready(Ok(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncWrite + Peek + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let (first, others) = slices
            .split_first()
            .map_or((&[][..], slices), |(first, others)| (&**first, others));
        this.begin(first);
        let left = this.left();
        let polled = if left == 0 {
            Pin::new(&mut this.stream).poll_write_vectored(context, slices)
        } else {
            // The head was whole in one slice, and the writer offers what is left of it again.
            let mut respelt = vec![IoSlice::new(&this.head[this.sent..])];
            if let Some(rest) = first.get(left..) {
                respelt.push(IoSlice::new(rest));
                respelt.extend_from_slice(others);
            }
            Pin::new(&mut this.stream).poll_write_vectored(context, &respelt)
        };
        if let Poll::Ready(Ok(written)) = polled {
            this.sent(written);
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The server flushes whenever it has looked after a connection, also while an answer is being made.
        let line = &self.tap.line;
        if line.watched.load(Ordering::Acquire) > 0 && self.stream.poll_closed(context).is_ready() {
            line.is_down.store(true, Ordering::Release);
            line.went_down.notify_waiters();
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    impl Peek for tokio::io::DuplexStream {
        fn poll_closed(&self, _: &mut Context<'_>) -> Poll<()> {
            Poll::Pending
        }
    }

    fn parsed(method: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    /// A client's end and the server's tapped end of one connection.
    fn connected(
        limit: usize,
    ) -> (
        tokio::io::DuplexStream,
        Tap,
        Tapped<tokio::io::DuplexStream>,
    ) {
        let (client, server) = tokio::io::duplex(4096);
        let (tap, tapped) = Tap::on(server, limit);
        (client, tap, tapped)
    }

    async fn exchange(
        client: &mut tokio::io::DuplexStream,
        server: &mut Tapped<tokio::io::DuplexStream>,
        sent: &str,
    ) {
        client.write_all(sent.as_bytes()).await.unwrap();
        let mut read = vec![0; sent.len()];
        server.read_exact(&mut read).await.unwrap();
    }

    const FIRST: &str = "GET /a?b HTTP/1.1\r\nHoSt: x\r\nX-Two: 1\r\nx-two: 2\r\n\r\n";

    fn first() -> Parts {
        parsed(
            "GET",
            "/a?b",
            &[("host", "x"), ("x-two", "1"), ("x-two", "2")],
        )
    }

    #[tokio::test]
    async fn a_head_comes_back_as_it_was_sent() {
        let (mut client, tap, mut server) = connected(1024);
        exchange(&mut client, &mut server, &format!("{FIRST}body")).await;
        tap.close();
        assert_eq!(tap.head(&first()).unwrap(), FIRST);
    }

    #[tokio::test]
    async fn the_next_request_on_the_connection_has_its_own() {
        let (mut client, tap, mut server) = connected(1024);
        exchange(&mut client, &mut server, FIRST).await;
        tap.close();
        exchange(&mut client, &mut server, "more of the first body").await;
        server.write_all(b"answer, ").await.unwrap();
        server.write_all(b"in two parts").await.unwrap();
        let second = "POST /c HTTP/1.1\r\nHost: x\r\n\r\n";
        exchange(&mut client, &mut server, second).await;
        assert_eq!(
            tap.head(&parsed("POST", "/c", &[("host", "x")])).unwrap(),
            second
        );
    }

    #[tokio::test]
    async fn a_head_that_was_sent_too_early_is_not_mistaken_for_another() {
        let (mut client, tap, mut server) = connected(1024);
        let second = "GET /second HTTP/1.1\r\nHost: x\r\n\r\n";
        exchange(&mut client, &mut server, &format!("{FIRST}{second}")).await;
        tap.close();
        assert_eq!(tap.head(&first()).unwrap(), FIRST);
        server.write_all(b"answer").await.unwrap();
        assert_eq!(tap.head(&parsed("GET", "/second", &[("host", "x")])), None);
    }

    async fn written(
        server: &mut Tapped<tokio::io::DuplexStream>,
        client: &mut tokio::io::DuplexStream,
        parts: &[&str],
    ) -> String {
        let slices: Vec<IoSlice<'_>> = parts
            .iter()
            .map(|part| IoSlice::new(part.as_bytes()))
            .collect();
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let sent = server.write_vectored(&slices).await.unwrap();
        assert_eq!(sent, length);
        let mut read = vec![0; length];
        client.read_exact(&mut read).await.unwrap();
        String::from_utf8(read).unwrap()
    }

    const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-type: a\r\nx-own: 1\r\n\r\n";
    const SPELT: &str = "HTTP/1.1 200 OK\r\nContent-Type: a\r\nx-OWN: 1\r\n\r\n";

    #[tokio::test]
    async fn an_answers_head_is_spelt_anew_and_its_body_is_not() {
        let (mut client, tap, mut server) = connected(1024);
        let given: Arc<[Box<str>]> = ["x-OWN".into()].into();
        let body = "HTTP/1.1 200 OK\r\nin-a-body: x\r\n\r\n";
        tap.answered(StatusCode::OK, Arc::clone(&given));
        let both = written(
            &mut server,
            &mut client,
            &[&format!("{ANSWER}{body}"), "more"],
        )
        .await;
        assert_eq!(both, format!("{SPELT}{body}more"));
        assert_eq!(written(&mut server, &mut client, &[body]).await, body);
        // What is written is no head of this answer: left alone, and so is what follows.
        tap.answered(StatusCode::NOT_FOUND, given);
        assert_eq!(written(&mut server, &mut client, &[ANSWER]).await, ANSWER);
        assert_eq!(written(&mut server, &mut client, &[ANSWER]).await, ANSWER);
    }

    #[tokio::test]
    async fn a_head_that_leaves_in_pieces_is_spelt_whole() {
        let (mut client, server) = tokio::io::duplex(7);
        let (tap, mut server) = Tap::on(server, 1024);
        tap.answered(StatusCode::OK, ["x-OWN".into()].into());
        let all = format!("{ANSWER}and the body");
        let writes = tokio::spawn(async move {
            server.write_all(all.as_bytes()).await.unwrap();
        });
        let mut read = String::new();
        client.read_to_string(&mut read).await.unwrap();
        writes.await.unwrap();
        assert_eq!(read, format!("{SPELT}and the body"));
    }

    #[tokio::test]
    async fn a_head_longer_than_the_limit_is_not_kept() {
        let (mut client, tap, mut server) = connected(FIRST.len() - 1);
        exchange(&mut client, &mut server, FIRST).await;
        assert_eq!(tap.head(&first()), None);
    }

    #[test]
    fn a_head_of_another_request_does_not_fit() {
        let head = FIRST.as_bytes();
        assert!(is_head_of(head, &first()));
        assert!(!is_head_of(head, &parsed("GET", "/a", &[("host", "x")])));
        assert!(!is_head_of(head, &parsed("GET", "/a?b", &[("host", "x")])));
    }
}
