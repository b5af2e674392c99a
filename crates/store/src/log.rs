//! The log: every accepted document, durable before it is acknowledged, until somebody releases it.
//!
//! [`Log`] is the seam. [`SegmentedLog`] is the embedded engine: append-only files of compressed frames over a
//! [`disk::Disk`]. [`MemoryLog`] is the twin for tests. Both pass [`conformance`]. Why an own engine: ADR 0201.
//!
//! What is deliberately absent: looking up by anything but a position, and changing what was written.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_model::{TimestampMicros, TraceId};

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
pub mod disk;
mod format;
mod memory;
mod reader;
mod recovery;
mod segmented;
#[cfg(any(test, feature = "testing"))]
pub mod simulated;
#[cfg(test)]
mod tests;
mod waiting;
mod writer;

pub use memory::MemoryLog;
pub use segmented::{LogSettings, SegmentedLog};

/// The largest document that a log takes, in bytes.
pub const LARGEST_DOCUMENT: usize = 8 << 20;

/// Where a record lies. Later records have greater positions; nothing else may be read into the number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(u64);

impl Position {
    /// Before every record.
    pub const START: Self = Self(0);

    /// The position with these bits.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// How many bytes of the log lie between another position and this, roughly.
    pub(crate) const fn bytes_from(self, other: Self) -> u64 {
        format::place(self).0.saturating_sub(format::place(other).0)
    }

    /// The bits: how far into the log it lies, roughly.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// One document as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The trace that it belongs to; a distributed log partitions by it.
    pub trace: TraceId,
    /// When it was received.
    pub received: TimestampMicros,
    /// The document, byte for byte.
    pub document: Bytes,
}

/// Records that lie together, and where to go on reading.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// In the order in which they were appended.
    pub records: Vec<(Position, Record)>,
    /// Where the next chunk begins; `None` at the end of the log.
    pub next: Option<Position>,
    /// Why places were passed over that the disk could not read: another try may find more.
    pub unread: Option<LogError>,
}

/// What a log holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The first position that may hold a record.
    pub first: Position,
    /// One past the last: every record appended so far lies below.
    pub end: Position,
    /// What it takes at rest, in bytes.
    pub bytes: u64,
    /// How much of the front must be released to get rid of the oldest file; `None` when there is only one.
    pub oldest_ends: Option<Position>,
    /// How many places were found damaged since the log was opened. Each was reported once.
    pub damaged: u64,
}

/// Why the log did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// There is no room; it was not written. Worth another try later: reading goes on meanwhile, and writing again
    /// as soon as there is room.
    #[error("no room left for the log")]
    Full,
    /// What was taken in before could not be brought to rest in time: there is no memory for more. Worth another try later.
    #[error("too much waits to be written to blocks")]
    Behind,
    /// The record is greater than [`LARGEST_DOCUMENT`]. Another try will fail, too.
    #[error("a document of {bytes} bytes is too large for the log")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The log's files were written by a newer version of Fluoro.
    #[error(
        "log file {file} has format version {found}, this version of Fluoro reads up to {known}"
    )]
    Newer {
        /// The file's name.
        file: String,
        /// Its version.
        found: u16,
        /// The newest that we know.
        known: u16,
    },
    /// Another process has the log open.
    #[error("the log is in use by another process")]
    InUse,
    /// The log was shut down.
    #[error("the log is closed")]
    Closed,
    /// The disk failed.
    #[error("failed to {attempt}")]
    Disk {
        /// What was attempted, with the file's name.
        attempt: String,
        /// What the operating system said.
        #[source]
        source: Arc<std::io::Error>,
    },
}

impl LogError {
    /// Whether the same call may succeed later with nothing changed by the caller.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Full | Self::Behind | Self::Disk { .. })
    }

    fn disk(attempt: impl Into<String>, source: std::io::Error) -> Self {
        if matches!(
            source.kind(),
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
        ) {
            return Self::Full;
        }
        Self::Disk {
            attempt: attempt.into(),
            source: Arc::new(source),
        }
    }
}

/// The seam.
#[async_trait]
pub trait Log: Send + Sync + fmt::Debug {
    /// Appends the records and answers once they survive a crash of process and machine, with their positions in
    /// the order given. Waits while the queue of the log is full.
    ///
    /// When it fails, none of them counts as written, though some may be found after a crash. The same holds when
    /// the future is dropped before it is done.
    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, LogError>;

    /// Appends as [`Log::append`] does, but waits behind no [`Log::append`]: only for what is being written when it
    /// comes. For documents whose senders get no answer and cannot be slowed down.
    async fn append_first(&self, records: Vec<Record>) -> Result<Vec<Position>, LogError>;

    /// The records at these positions; `None` for one that was released, or is lost to damage (which was reported).
    async fn read(&self, positions: &[Position]) -> Result<Vec<Option<Record>>, LogError>;

    /// Some records from `from` on, at least one unless the log ends there, about `bytes` of documents.
    ///
    /// Damaged places are reported and passed over.
    async fn scan(&self, from: Position, bytes: usize) -> Result<Chunk, LogError>;

    /// Says that nobody needs the records below `up_to` any more. They may remain readable for a while.
    async fn release(&self, up_to: Position) -> Result<(), LogError>;

    /// What the log holds now.
    fn extent(&self) -> Extent;
}
