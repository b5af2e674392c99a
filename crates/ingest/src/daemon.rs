//! The X-Ray daemon's UDP side: one datagram, one document, no answer.
//!
//! ```text
//! packet = header "\n" document
//! header = {"format": "json", "version": 1}
//! ```
//!
//! Source: aws-xray-daemon, pkg/tracesegment and pkg/processor. The body is not looked at here; [`crate::Ingest`]
//! does that.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::ingest::Ingest;
use crate::ledger::Cause;
use crate::sink::{Source, TraceSink};

mod overrun;
mod packet;
#[cfg(test)]
mod tests;

pub use packet::{PacketFault, document};

/// Refuses whoever may not write: an error is the reason, for the log.
pub type Gate = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The longest datagram there is, and one more.
const BUFFER: usize = 65_536;

/// What the socket's buffer should hold; the operating system may grant less.
const SOCKET_BUFFER: usize = 8 << 20;

/// How many datagrams are taken before somebody else gets a turn.
const A_TURN: usize = 64;

/// What a datagram takes of the socket's buffer at the least, with what Linux keeps beside it.
const SMALLEST: usize = 256;

/// The system is asked for dropped datagrams after so many taken, or so long after the last.
const OVERRUN_AFTER: usize = 1_000;
const OVERRUN_PERIOD: Duration = Duration::from_secs(1);

/// A daemon address that takes datagrams until it is dropped.
#[derive(Debug)]
pub struct UdpDaemon {
    address: SocketAddr,
    drains: mpsc::Sender<oneshot::Sender<()>>,
    ingest: Arc<Ingest>,
    task: JoinHandle<()>,
}

struct Receiver {
    socket: UdpSocket,
    /// The same socket. tokio's may say that there is nothing before it has asked the system; this one asks.
    direct: std::net::UdpSocket,
    ingest: Arc<Ingest>,
    source: Source,
    gate: Gate,
    overrun: overrun::Overrun,
    /// So many turns empty a full buffer.
    turns: usize,
    /// Datagrams taken since it was last asked.
    since_overrun: usize,
    buffer: Vec<u8>,
}

// === impl UdpDaemon ===

impl UdpDaemon {
    /// Listens at `address` (port 0 takes any), and goes on as [`UdpDaemon::on`].
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    pub fn bind(
        ingest: Arc<Ingest>,
        address: SocketAddr,
        source: Source,
        gate: Gate,
    ) -> io::Result<Self> {
        Self::on(ingest, std::net::UdpSocket::bind(address)?, source, gate)
    }

    /// Gives what comes in at `socket` to `ingest`, as `source`'s. A source without a client's name stands for
    /// everybody: then the client is the sender's IP address. Call within a tokio runtime.
    ///
    /// # Errors
    ///
    /// When the socket cannot be used.
    pub fn on(
        ingest: Arc<Ingest>,
        socket: std::net::UdpSocket,
        source: Source,
        gate: Gate,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        grow_buffer(&socket);
        let address = socket.local_addr()?;
        let buffered = rustix::net::sockopt::socket_recv_buffer_size(&socket)?;
        let (drains, drained) = mpsc::channel(8);
        let receiver = Receiver {
            direct: socket.try_clone()?,
            socket: UdpSocket::from_std(socket)?,
            ingest: Arc::clone(&ingest),
            source,
            gate,
            overrun: overrun::Overrun::of(address),
            turns: (buffered / SMALLEST).div_ceil(A_TURN).max(1),
            since_overrun: 0,
            buffer: vec![0; BUFFER],
        };
        let task = tokio::spawn(receiver.run(drained));
        Ok(Self {
            address,
            drains,
            ingest,
            task,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until every datagram that had arrived before this call is stored or counted as lost.
    pub async fn drained(&self) {
        let (done, received) = oneshot::channel();
        if self.drains.send(done).await.is_ok() {
            // An error says that the receiver is gone: nothing more comes.
            received.await.ok();
        }
        self.ingest.flushed().await;
    }
}

impl Drop for UdpDaemon {
    fn drop(&mut self) {
        self.task.abort();
    }
}

// === impl Receiver ===

impl Receiver {
    // Cancellation: a datagram is taken and handed over without an await in between.
    async fn run(mut self, mut drains: mpsc::Receiver<oneshot::Sender<()>>) {
        loop {
            tokio::select! {
                ready = self.socket.readable() => {
                    if let Err(error) = ready {
                        tracing::error!(%error, "the daemon's socket failed");
                        return;
                    }
                    if self.take(|this| this.socket.try_recv_from(&mut this.buffer)) {
                        tokio::task::yield_now().await;
                    }
                    if self.since_overrun >= OVERRUN_AFTER {
                        self.count_overrun();
                    }
                }
                () = tokio::time::sleep(OVERRUN_PERIOD), if self.since_overrun > 0 => {
                    self.count_overrun();
                }
                drain = drains.recv() => {
                    let Some(drain) = drain else { return };
                    // What comes meanwhile need not be taken, or who sends without end would never be done with.
                    for _ in 0..self.turns {
                        if !self.take(|this| this.direct.recv_from(&mut this.buffer)) {
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                    self.count_overrun();
                    drain.send(()).ok();
                }
            }
        }
    }

    /// Takes what is there, at most [`A_TURN`] datagrams; whether there may be more.
    fn take(&mut self, receive: impl Fn(&mut Self) -> io::Result<(usize, SocketAddr)>) -> bool {
        let allowed = (self.gate)();
        for _ in 0..A_TURN {
            match receive(self) {
                Ok((length, sender)) => {
                    self.since_overrun += 1;
                    self.hand_over(length, sender, &allowed);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // A sender's address may have refused something of ours; the next datagram is as good as any.
                Err(error) => tracing::debug!(%error, "cannot receive a datagram"),
            }
        }
        true
    }

    fn hand_over(&self, length: usize, sender: SocketAddr, allowed: &Result<(), String>) {
        let by_address;
        let source = if self.source.client.is_empty() {
            by_address = Source {
                door: self.source.door,
                client: sender.ip().to_string(),
            };
            &by_address
        } else {
            &self.source
        };
        if let Err(reason) = allowed {
            self.ingest.refused(source, reason);
            return;
        }
        match packet::document(&self.buffer[..length]) {
            Ok(document) => self.ingest.record(source, Bytes::copy_from_slice(document)),
            Err(fault) => {
                self.ingest.ledger().count_all(
                    source,
                    &[(Cause::Received, 1), (Cause::BadPacket(fault), 1)],
                );
            }
        }
    }

    fn count_overrun(&mut self) {
        self.since_overrun = 0;
        let lost = self.overrun.since_last();
        let ledger = self.ingest.ledger();
        ledger.count_all(
            &self.source,
            &[(Cause::Received, lost), (Cause::SocketFull, lost)],
        );
    }
}

fn grow_buffer(socket: &std::net::UdpSocket) {
    use rustix::net::sockopt;
    // With the right to it, beyond the system's limit; else as far as the limit goes.
    if sockopt::set_socket_recv_buffer_size_force(socket, SOCKET_BUFFER).is_err()
        && let Err(error) = sockopt::set_socket_recv_buffer_size(socket, SOCKET_BUFFER)
    {
        tracing::debug!(%error, "the socket's buffer stays as it is");
    }
}
