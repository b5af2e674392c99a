//! The seam behind which each environment gets an X-Ray daemon address of its own.
//!
//! What comes in at such an address is that function's, whatever it says. The server opens the sockets, because the
//! datagrams go to ingest and the sampling calls (TCP, same port) to the X-Ray API; this crate knows neither.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use fluoro_wire::Caller;

/// Says whether the environment's role may write traces now; the error is the reason, for the ledger.
pub type WriteGate = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// On whose behalf an address is opened.
#[derive(Clone)]
pub struct DaemonOwner {
    /// The function's ARN, without a qualifier.
    pub function_arn: String,
    /// The function's name: what the ledger counts under.
    pub function_name: String,
    /// The function's region: sampling calls are answered for it.
    pub region: String,
    /// The environment's role session: who makes the sampling calls that come in here, unsigned as they are.
    pub caller: Caller,
    /// Asked for every datagram.
    pub gate: WriteGate,
}

/// Opens daemon addresses.
#[async_trait]
pub trait DaemonHost: Send + Sync + fmt::Debug {
    /// Opens a loopback address, UDP and TCP on one port, for one environment.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    async fn open(&self, owner: DaemonOwner) -> io::Result<Box<dyn Daemon>>;
}

/// One open address. Dropping it closes both sockets.
#[async_trait]
pub trait Daemon: Send + Sync + fmt::Debug {
    /// Where it listens.
    fn address(&self) -> SocketAddr;

    /// Returns when every datagram that had reached the socket before this call was handed to ingest.
    async fn drained(&self);
}

impl fmt::Debug for DaemonOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DaemonOwner")
            .field("function_arn", &self.function_arn)
            .finish_non_exhaustive()
    }
}
