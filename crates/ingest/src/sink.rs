//! What the parts of Fluoro that write segments themselves see of ingest.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_model::TraceId;
use serde::Serialize;

/// Through which door documents come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// Port 2000, UDP: everybody who is not one of our functions.
    Daemon,
    /// The daemon address of one function's environment.
    Environment,
    /// The `PutTraceSegments` operation.
    PutTraceSegments,
    /// OTLP over HTTP.
    OtlpHttp,
    /// The gateway's own segments.
    Gateway,
    /// The Lambda service's own segments.
    Functions,
}

/// Who sent documents: every count of what was received and lost is kept for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    /// The way in.
    pub door: Door,
    /// Who came: a function's name, a stage, a client's user agent or address. Bounded by the ledger.
    pub client: String,
}

impl Source {
    /// Whoever came over HTTP: the product that the user agent names first, else the address.
    #[must_use]
    pub fn by_user_agent(door: Door, user_agent: Option<&str>, peer: IpAddr) -> Self {
        let product = user_agent.and_then(|agent| agent.split_whitespace().next());
        Self {
            door,
            client: product.map_or_else(|| peer.to_string(), str::to_owned),
        }
    }
}

/// Takes documents from the gateway and the functions, and knows what is still open in a trace.
#[async_trait]
pub trait TraceSink: Send + Sync + fmt::Debug {
    /// Takes one segment document (JSON) and returns at once. The request that it tells of must not wait for it.
    ///
    /// It is durable soon after. When the bounded queue is full, it is dropped and counted.
    fn record(&self, source: &Source, document: Bytes);

    /// Counts a document that its writer may not hand over, and why: say, a role without the right to write traces.
    fn refused(&self, source: &Source, reason: &str);

    /// Says that more of this trace is to come, until the returned value is dropped.
    ///
    /// `what` names the work for a reader: `invocation of orders (9f8e7d6c-…)`.
    fn open(&self, trace: TraceId, what: String) -> OpenWork;

    /// Counts work of which nothing is recorded, because the sampling rules or the caller said so.
    fn unsampled(&self, source: &Source);

    /// Waits until everything recorded before this call is durable and readable.
    async fn flushed(&self);
}

/// Work of which a trace does not know the end yet. Dropping it says that it ended.
pub struct OpenWork {
    close: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl OpenWork {
    /// Calls `close` once, when dropped.
    #[must_use]
    pub fn new(close: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self {
            close: Some(Box::new(close)),
        }
    }
}

impl Drop for OpenWork {
    fn drop(&mut self) {
        if let Some(close) = self.close.take() {
            close();
        }
    }
}

impl fmt::Debug for OpenWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenWork").finish_non_exhaustive()
    }
}
