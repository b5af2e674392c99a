//! From the doors to the store: what comes in is parsed, validated, made durable, counted.
//!
//! [`Ingest`] takes batches ([`Ingest::put`] and, where whoever hands them over wrote them, [`Ingest::put_read`]; answered
//! when durable) and single documents ([`TraceSink::record`],
//! durable soon after). [`daemon::UdpDaemon`] feeds it from datagrams. Nothing vanishes: the [`Ledger`] counts every
//! document by door, client and cause. [`Ingest::wait_complete`] knows when a trace is finished.
//!
//! Parsing runs on a bounded number of blocking threads, never on those that serve requests.

mod complete;
pub mod daemon;
mod ingest;
pub mod ledger;
mod origin;
mod queue;
mod sink;
#[cfg(test)]
mod tests;

pub use complete::Completion;
pub use ingest::{Ingest, IngestError, IngestSettings, ReadDocument};
pub use ledger::{Cause, Class, Ledger, LedgerLine};
pub use sink::{Door, OpenWork, Source, TraceSink};
