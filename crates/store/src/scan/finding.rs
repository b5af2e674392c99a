//! What a scan finds, some at a time.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Projection;

use super::budget::{Budget, Share};
use super::{Found, ScanError};

/// What a scan found: which traces, once and for all; their projections come some at a time, as they are asked for. Who drops
/// it asks for no more.
pub struct Finding<'s> {
    /// As [`Found::passed_over`].
    pub passed_over: Vec<(TimestampMicros, u64)>,
    /// As [`Found::rest`].
    pub rest: Option<(TimestampMicros, TraceId)>,
    batches: Box<dyn Batches + 's>,
    budget: Arc<Budget>,
}

/// Some of what was found.
#[derive(Debug)]
pub struct Batch {
    /// Their projections, in no order.
    pub projections: Vec<Arc<Projection>>,
    /// All that come later are of this time or an earlier one, on the axis asked for; `None` when that is not known.
    pub until: Option<TimestampMicros>,
    /// What was made for it, and nobody else holds.
    held: Share,
}

/// Who makes projections when they are asked for.
#[async_trait]
pub trait Batches: Send {
    /// The next ones; `None` when there are no more.
    async fn next(&mut self) -> Result<Option<Batch>, ScanError>;
}

/// All of them, held by who found them.
struct Whole {
    projections: VecDeque<Arc<Projection>>,
    budget: Arc<Budget>,
}

/// How many of those that are held anyway are handed out together.
pub(crate) const HELD_AT_ONCE: usize = 4_096;

// === impl Finding ===

impl<'s> Finding<'s> {
    /// What is made by somebody else as it is asked for.
    #[must_use]
    pub fn new(batches: Box<dyn Batches + 's>, budget: Arc<Budget>) -> Self {
        Self {
            passed_over: Vec::new(),
            rest: None,
            batches,
            budget,
        }
    }

    /// What is held whole, without a limit.
    #[must_use]
    pub fn whole(projections: Vec<Arc<Projection>>) -> Self {
        let budget = Budget::unlimited();
        let whole = Whole {
            projections: projections.into(),
            budget: Arc::clone(&budget),
        };
        Self::new(Box::new(whole), budget)
    }

    /// The next projections; `None` when there are no more. Cancel safe, but for what it was about to return.
    ///
    /// # Errors
    ///
    /// When they cannot be read, or there is no room for them.
    pub async fn next(&mut self) -> Result<Option<Batch>, ScanError> {
        self.batches.next().await
    }

    /// For what an answer keeps of the batches.
    #[must_use]
    pub fn share(&self) -> Share {
        self.budget.share()
    }

    /// All of it at once, which nobody accounts for.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn all(mut self) -> Result<Found, ScanError> {
        let mut projections = Vec::new();
        while let Some(batch) = self.next().await? {
            projections.extend(batch.projections);
        }
        Ok(Found {
            projections,
            passed_over: self.passed_over,
            rest: self.rest,
        })
    }
}

impl fmt::Debug for Finding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding")
            .field("passed_over", &self.passed_over.len())
            .field("rest", &self.rest)
            .finish_non_exhaustive()
    }
}

// === impl Batch ===

impl Batch {
    pub(crate) fn new(
        projections: Vec<Arc<Projection>>,
        until: Option<TimestampMicros>,
        held: Share,
    ) -> Self {
        Self {
            projections,
            until,
            held,
        }
    }

    /// How much it holds that nobody else does, in bytes, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.held.bytes()
    }
}

#[async_trait]
impl Batches for Whole {
    async fn next(&mut self) -> Result<Option<Batch>, ScanError> {
        let some = self.projections.len().min(HELD_AT_ONCE);
        let some: Vec<_> = self.projections.drain(..some).collect();
        Ok((!some.is_empty()).then(|| Batch::new(some, None, self.budget.share())))
    }
}
