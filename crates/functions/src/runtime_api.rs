//! The Runtime API of one execution environment, at an address of its own.
//!
//! [`state`] is the state machine, [`server`] speaks HTTP for it. The environment sees only [`RuntimeApi`]: it waits
//! for the runtime to be ready, hands it an event, and takes what the runtime posts.
//! Source: Lambda guide, runtime API; AWS's runtime interface emulator.

mod server;
mod state;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use tokio::task::AbortHandle;

pub(crate) use server::RESPONSE_LIMIT;
pub(crate) use state::{Event, Posted, PostedError};

use state::Machine;

/// One environment's Runtime API. Dropping it closes the address and every connection.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    machine: Arc<Machine>,
    accepting: AbortHandle,
}

/// How the runtime's start ended, seen from the Runtime API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Started {
    /// It asks for its first event.
    Ready {
        /// When it asked, in microseconds since the epoch.
        at: i64,
    },
    /// It posted why it cannot.
    Failed(PostedError),
}

/// What the runtime posted, and when its last byte had come.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Response or error.
    pub(crate) posted: Posted,
    /// Microseconds since the epoch.
    pub(crate) at: i64,
}

impl RuntimeApi {
    /// Opens an address on the loopback interface.
    pub(crate) async fn open(ambient: Ambient) -> io::Result<Self> {
        let machine = Arc::new(Machine::new(ambient));
        let (address, accepting) = server::listen(Arc::clone(&machine)).await?;
        Ok(Self {
            address,
            machine,
            accepting,
        })
    }

    /// `host:port`, as `AWS_LAMBDA_RUNTIME_API` has it.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the runtime asks for an event, or says that it cannot start. Cancellation safe.
    pub(crate) async fn started(&self) -> Started {
        self.machine.started().await
    }

    /// Hands over an event; the runtime must be ready.
    pub(crate) fn release(&self, event: Arc<Event>) {
        self.machine.release(event);
    }

    /// Waits for what the runtime posts about the event that was released. Cancellation safe.
    pub(crate) async fn answered(&self) -> Answer {
        self.machine.answered().await
    }

    /// Waits until the runtime asks for the next event; when it asked. Cancellation safe.
    pub(crate) async fn ready_again(&self) -> i64 {
        self.machine.ready().await
    }

    /// What the runtime posted just before it ended, if it posted anything.
    pub(crate) fn posted(&self) -> Option<Answer> {
        self.machine.take_posted()
    }

    /// Why the runtime said that it cannot start, if it did.
    pub(crate) fn init_error(&self) -> Option<PostedError> {
        self.machine.init_error()
    }

    /// The `User-Agent` of the runtime's first request: which client it is.
    pub(crate) fn user_agent(&self) -> Option<String> {
        self.machine.user_agent()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The error document of the Runtime API itself.
fn refusal(kind: &str, message: &str) -> Bytes {
    let document = serde_json::json!({ "errorMessage": message, "errorType": kind });
    document.to_string().into()
}

#[cfg(test)]
mod tests;
