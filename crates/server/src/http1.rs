//! HTTP/1.1 on a listener: connections, their limits, and their end.
//!
//! A connection is kept while its client wants; its number, the size of a head, the time that one may take and the time
//! that a body may stand still, or an answer unread, are bounded. What is no HTTP at all is answered 400 by the parser and closed.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fluoro_gateway::HeaderSpelling;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_io_timeout::TimeoutWriter;

use crate::body::Body;
use crate::settings::Limits;
use crate::steady::{STANDSTILL, Steady};
use crate::tap::Tap;

/// Headers of one request. API Gateway takes no more bytes of them than 10,240, so names cannot be many either.
const MAX_HEADERS: usize = 256;

/// How much larger than the limit a head may be for us to read it and answer in the service's own shape.
const SLACK: usize = 8 * 1024;

/// The wait after a connection could not be accepted: descriptors are used up, and come back as others end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// How long a client may read nothing of an answer that is there: who looks at it page by page takes time.
const UNREAD: Duration = Duration::from_secs(300);

/// The connection on which a request came.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// The present request's head as it was sent.
    pub(crate) tap: Tap,
}

/// Answers the requests of a listener.
pub(crate) trait Answer: Send + Sync + 'static {
    /// Answers one request. What goes wrong is an answer too.
    fn answer(
        &self,
        connection: &Connection,
        request: Request<Body>,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// Says when to stop, and how long what runs may take to end.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    deadline: watch::Receiver<Option<Instant>>,
}

/// The other end of [`Stop`].
#[derive(Debug)]
pub(crate) struct Stopper {
    deadline: watch::Sender<Option<Instant>>,
}

/// Serves `listener` until told to stop; returns when its connections have ended, at the latest at the deadline.
pub(crate) async fn serve<A: Answer>(
    listener: TcpListener,
    limits: Limits,
    answer: Arc<A>,
    mut stop: Stop,
) {
    let room = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.asked() => break,
            accepted = accept(&listener, &room) => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (limits, answer, stop) = (limits.clone(), Arc::clone(&answer), stop.clone());
        connections.spawn(async move {
            connection(stream, peer, &limits, answer, stop).await;
            drop(permit);
        });
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout_at(stop.deadline(), ended)
        .await
        .is_err()
    {
        tracing::warn!(
            open = connections.len(),
            "connections cut off at the deadline"
        );
    }
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

/// The next connection, once there is room for it. Cancel safe: a connection that was not returned was not accepted.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> std::io::Result<Accepted> {
    let permit = Arc::clone(room)
        .acquire_owned()
        .await
        .map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

async fn connection<A: Answer>(
    stream: TcpStream,
    peer: SocketAddr,
    limits: &Limits,
    answer: Arc<A>,
    mut stop: Stop,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, %peer, "connection ended before it began");
        return;
    }
    let head = usize::try_from(limits.header.0).unwrap_or(usize::MAX / 2) + SLACK;
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(UNREAD));
    let (tap, stream) = Tap::on(Box::pin(stream), head);
    let connection = Arc::new(Connection { peer, tap });
    let service = service_fn(|request: Request<Incoming>| {
        let (answer, connection) = (Arc::clone(&answer), Arc::clone(&connection));
        async move {
            connection.tap.close();
            let request = request.map(|body| Steady::new(body, (), STANDSTILL).boxed_unsync());
            let mut response = answer.answer(&connection, request).await;
            let given = response.extensions_mut().remove::<HeaderSpelling>();
            let given = given.map(|names| names.0).unwrap_or_default();
            connection.tap.answered(response.status(), given);
            Ok::<_, Infallible>(response)
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(head.max(64 * 1024))
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.asked() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "connection ended with an error");
    }
}

// === impl Stop, Stopper ===

impl Stop {
    /// A pair: who is told, and who tells.
    pub(crate) fn channel() -> (Stopper, Self) {
        let (sender, receiver) = watch::channel(None);
        (Stopper { deadline: sender }, Self { deadline: receiver })
    }

    /// Waits until told to stop. Cancel safe. A stopper that is gone tells, too.
    pub(crate) async fn asked(&mut self) {
        while self.deadline.borrow_and_update().is_none() {
            if self.deadline.changed().await.is_err() {
                return;
            }
        }
    }

    /// When what runs is cut off: now, if nobody said.
    fn deadline(&self) -> Instant {
        let said = *self.deadline.borrow();
        said.unwrap_or_else(Instant::now)
    }
}

impl Stopper {
    /// Tells everybody to stop, and to have ended by `deadline`.
    pub(crate) fn stop(&self, deadline: Instant) {
        self.deadline.send_replace(Some(deadline));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use bytes::Bytes;

    use super::*;
    use crate::body;

    /// More than a connection's buffers hold.
    const LARGE: usize = 64 << 20;

    /// Answers whose memory is lent.
    struct Lending(Arc<Vec<u8>>);

    struct Lent(Arc<Vec<u8>>);

    impl AsRef<[u8]> for Lent {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    impl Answer for Lending {
        async fn answer(&self, _: &Connection, _: Request<Body>) -> Response<Body> {
            let lent = Lent(Arc::clone(&self.0));
            Response::new(body::whole(Bytes::from_owner(lent)))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_reads_is_let_go() {
        let answer = Arc::new(vec![b'a'; LARGE]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_stopper, stop) = Stop::channel();
        let limits = Limits::default();
        let lending = Arc::new(Lending(Arc::clone(&answer)));
        let serving = tokio::spawn(serve(listener, limits, lending, stop));
        let mut client = std::net::TcpStream::connect(address).unwrap();
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            .unwrap();

        let besides = Arc::strong_count(&answer);
        tokio::time::sleep(UNREAD - Duration::from_secs(1)).await;
        assert_eq!(Arc::strong_count(&answer), besides + 1);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(Arc::strong_count(&answer), besides);
        // What was sent is followed by the end.
        let mut read = Vec::new();
        let end = client.read_to_end(&mut read);
        assert!(end.is_err() || read.len() < LARGE);
        serving.abort();
    }
}
