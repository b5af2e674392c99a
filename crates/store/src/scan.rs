//! The scan: which traces may answer a question, and what they consist of.
//!
//! [`Scan`] is the seam. The engine is [`crate::hot::HotTraces`], which looks among hot traces and in blocks, and
//! readers see both as one. What a scan finds are candidates: it may give too many and never too few, and the
//! caller's own look at the projection decides.
//!
//! Which traces are found is fixed when the scan begins; their projections come batch by batch ([`Finding`]), so that who looks
//! through many keeps what its answer needs and no more, and who is not wanted any more stops. What all of them hold together is
//! bounded by a [`Budget`].

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use fluoro_filter::Columns;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::{Projection, Received};

use crate::rollups::RolledUp;

mod budget;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod finding;
#[cfg(any(test, feature = "testing"))]
mod memory;
#[cfg(test)]
mod tests;
mod weight;

pub(crate) use budget::Turn;
pub use budget::{Budget, Share};
pub(crate) use finding::HELD_AT_ONCE;
pub use finding::{Batch, Batches, Finding};
#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryScan;
pub use weight::weight;

/// By which of a trace's times a range is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// When the trace began: the start of its earliest segment, by the clocks of those who sent it.
    Start,
    /// When its last accepted document was received.
    Updated,
    /// When any of its documents was received: traces that arrived, at least in part, within the range.
    Received,
    /// As [`Axis::Received`], or when something of it may have ended: traces that began before the range's end and
    /// whose latest end lies in the range or later.
    ReceivedOrEnded,
}

/// Which traces are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidates {
    /// From its start, which belongs to it, to its end, which does not.
    pub range: Range<TimestampMicros>,
    /// What the range is about.
    pub by: Axis,
    /// What their rows must say.
    pub columns: Columns,
    /// Which of them are wanted first.
    pub latest: Option<Latest>,
}

/// The latest traces by their start, a trace of equal start being the later one by its id. Only scans by
/// [`Axis::Start`] keep to it; others find all. The latest may be found first, some and then more at a time ([`Batch::until`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latest {
    /// Those before this one.
    pub before: Option<(TimestampMicros, TraceId)>,
    /// At most so many.
    pub rows: usize,
    /// So many of them are likely to do.
    pub likely: usize,
}

/// What a scan found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// All traces that fit, perhaps some others, in no order.
    pub projections: Vec<Arc<Projection>>,
    /// The traces of the range that were passed over, as their rows say that they do not fit: of each its start, or when the
    /// range is about receipt, when its last document was received. Where many were passed over unread, how many and the
    /// last of these times.
    pub passed_over: Vec<(TimestampMicros, u64)>,
    /// The last of the latest that were asked for, when there may be earlier ones: where to go on.
    pub rest: Option<(TimestampMicros, TraceId)>,
}

/// Why a scan did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The documents could not be read.
    #[error("failed to read documents for a query")]
    Log(#[from] crate::log::LogError),
    /// Traces at rest could not be read.
    #[error("failed to read traces at rest for a query")]
    Archive(#[from] crate::archive::ArchiveError),
    /// What the log held at the start could not be read.
    #[error("failed to rebuild the traces from the log")]
    NotRebuilt,
    /// The questions under way hold all that they may.
    #[error("there is no memory left for what questions hold")]
    NoRoom,
    /// Too many questions that look through many traces wait already.
    #[error("too many questions wait for their turn")]
    TooMany,
    /// The server is going down.
    #[error("the store is closed")]
    Closed,
}

impl ScanError {
    /// Whether the same question may be answered once others are.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::NoRoom | Self::TooMany)
    }
}

/// The seam.
#[async_trait]
pub trait Scan: Send + Sync + fmt::Debug {
    /// Waits until every document that was acknowledged before the call is in a projection that observers were told of,
    /// and until every projection that they were told of before the call can be read.
    async fn settle(&self) -> Result<(), ScanError>;

    /// When the oldest document came in that is held; `None` when there is none.
    fn held_since(&self) -> Option<TimestampMicros>;

    /// The projections of all traces that fit, perhaps of some others, in no order. Every document that was
    /// acknowledged before the call is in them.
    async fn projections(&self, candidates: &Candidates)
    -> Result<Vec<Arc<Projection>>, ScanError>;

    /// As [`projections`](Self::projections), some at a time, and which traces of the range the columns ruled out.
    async fn open<'s>(&'s self, candidates: &Candidates) -> Result<Finding<'s>, ScanError> {
        Ok(Finding::whole(self.projections(candidates).await?))
    }

    /// As [`open`](Self::open), all at once: for few.
    async fn find(&self, candidates: &Candidates) -> Result<Found, ScanError> {
        self.open(candidates).await?.all().await
    }

    /// What is known of minutes since the epoch, of all traces (`of` nothing) or of those of a group, by the key of its
    /// memberships; `None` when nothing is kept of minutes. Every document that was acknowledged before the call is in it.
    async fn minutes(
        &self,
        _of: &str,
        _minutes: Range<i64>,
    ) -> Result<Option<RolledUp<'_>>, ScanError> {
        Ok(None)
    }

    /// The projection of one trace; `None` when nothing of it is known.
    async fn by_id(&self, trace: TraceId) -> Result<Option<Arc<Projection>>, ScanError>;

    /// All documents of one trace, in the order received; none when nothing of it is known.
    async fn documents(&self, trace: TraceId) -> Result<Vec<Received>, ScanError>;
}
