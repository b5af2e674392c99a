//! The server in process, and a client to ask it, for tests.
//!
//! [`TestServer`] is the real server, composed as in production, on free ports and a data directory of its own. It is
//! asked over HTTP ([`Ask`]), or with any bytes ([`TestServer::say`]). Nothing here sleeps: [`until`] asks again until
//! what is awaited is there.
//!
//! A mistake in a test is a panic; so are failures of the machine.

mod ask;
mod server;

pub use ask::{Answer, Ask, Lines};
pub use server::{TestServer, until};

use fluoro_ambient::Ambient;
use fluoro_model::TraceId;

/// A trace id that begins now, as AWS makes them.
#[must_use]
pub fn new_trace(ambient: &Ambient) -> TraceId {
    let seconds = ambient.now_micros() / 1_000_000;
    TraceId::new(u32::try_from(seconds).unwrap_or(u32::MAX), ambient.bytes())
}
