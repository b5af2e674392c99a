//! Rollups at rest: the seam to who knows what a trace contributes to the graph of a minute.
//!
//! With each block lie parts: what the traces that were *counted* with it contribute to each minute, of all traces and of each
//! group's. A part is opaque here. The graph of a minute is its parts, merged, and what the traces that are counted nowhere
//! contribute ([`RolledUp`]). A counted trace that comes again is taken away as it was, by the parts of the block that it comes
//! to rest in; where it is not known how it was, its minutes are void.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
pub use fluoro_block::rollups::Parts;
use fluoro_block::traces::Membership;
use fluoro_trace::Projection;

use crate::scan::{Finding, ScanError, Share};

/// Makes parts, and merges them.
pub trait RollupMaker: Send + Sync + fmt::Debug {
    /// The form that the parts have, by number. Parts of another form are not read: what they are of is made again.
    fn form(&self) -> u32;

    /// Begins with the parts of a block.
    fn begin(&self) -> Box<dyn RollupBuilder>;

    /// The part that these are together; `None` when one cannot be understood, or it would take too much.
    fn merge(&self, parts: &[Bytes]) -> Option<Bytes>;
}

/// The parts of a block in the making.
pub trait RollupBuilder: Send {
    /// Adds what a trace contributes, to all traces and to the groups that it is a member of. It has no links: what they
    /// come to depends on other traces.
    fn add(&mut self, projection: &Projection, groups: &[Membership]);

    /// Takes away what [`add`](Self::add) added of a trace, here or in another block.
    fn take_away(&mut self, projection: &Projection, groups: &[Membership]);

    /// The parts; `None` when they would take too much.
    fn finish(self: Box<Self>) -> Option<Parts>;
}

/// What is known of some minutes. What takes room comes some at a time.
#[derive(Debug)]
pub struct RolledUp<'s> {
    /// Parts, each with its minute, in no order.
    pub parts: Vec<(i64, Bytes)>,
    /// The minutes that have to be made of all their projections, as far as that is known: `counted` may name others.
    pub void: BTreeSet<i64>,
    /// The traces that are in no part, or are taken away from one, and may contribute to the others.
    pub projections: Finding<'s>,
    /// The traces that are in parts as they are not any more.
    pub counted: Counted<'s>,
}

/// Traces that are in parts as they are not any more, some at a time.
pub struct Counted<'s>(Box<dyn CountedBatches + 's>);

/// Some of them.
#[derive(Debug)]
pub struct CountedBatch {
    /// As they are there: to be taken away.
    pub traces: Vec<(Arc<Projection>, Vec<Membership>)>,
    /// First and last minutes of stretches that are void, too: how a trace is there is not known.
    pub void: Vec<(i64, i64)>,
    /// What the traces take.
    #[expect(dead_code, reason = "it is given back with the batch")]
    pub(crate) held: Share,
}

/// Who makes them when they are asked for.
#[async_trait]
pub trait CountedBatches: Send {
    /// The next ones; `None` when there are no more.
    async fn next(&mut self) -> Result<Option<CountedBatch>, ScanError>;
}

// === impl Counted ===

impl<'s> Counted<'s> {
    pub(crate) fn new(batches: Box<dyn CountedBatches + 's>) -> Self {
        Self(batches)
    }

    /// The next ones; `None` when there are no more.
    ///
    /// # Errors
    ///
    /// When they cannot be read, or there is no room for them.
    pub async fn next(&mut self) -> Result<Option<CountedBatch>, ScanError> {
        self.0.next().await
    }
}

impl fmt::Debug for Counted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counted").finish_non_exhaustive()
    }
}
