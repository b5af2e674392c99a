//! The live blocks at some moment: whoever reads takes one [`Live`] and keeps to it.

use std::collections::HashMap;
use std::sync::Arc;

use fluoro_model::TraceId;

use super::{Block, BlockRecord};
use crate::log::Position;

/// The blocks at some moment.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// The oldest first.
    pub(crate) blocks: Vec<Arc<Block>>,
    /// Those that are too damaged to be opened, the oldest first.
    pub(super) aside: Vec<BlockRecord>,
    pub(crate) watermark: Position,
    /// When the last document was received of the blocks that were let go.
    pub(super) forgotten: Option<i64>,
    /// Of traces that have rows in several blocks, the number of the block whose row counts.
    pub(super) latest: HashMap<TraceId, u64>,
    /// How many traces there are, roughly.
    pub(crate) traces: u64,
}

// === impl Live ===

impl Live {
    pub(super) fn has(&self, number: u64) -> bool {
        let sound = self.blocks.iter().map(|block| &block.record);
        let mut records = sound.chain(&self.aside);
        records.any(|record| record.number == number)
    }

    pub(super) fn new(
        blocks: Vec<Arc<Block>>,
        aside: Vec<BlockRecord>,
        watermark: Position,
    ) -> Self {
        let mut latest = HashMap::new();
        let mut traces = 0_u64;
        for block in &blocks {
            let number = block.record.number;
            traces += block.record.traces;
            for trace in &block.again {
                traces = traces.saturating_sub(1);
                latest.insert(*trace, number);
            }
        }
        Self {
            blocks,
            aside,
            watermark,
            forgotten: None,
            latest,
            traces,
        }
    }

    /// The same, with what was let go before.
    pub(super) fn after(self, before: &Self) -> Self {
        Self {
            forgotten: before.forgotten,
            ..self
        }
    }

    /// All blocks, damaged ones among them, the oldest first.
    pub(super) fn records(&self) -> Vec<BlockRecord> {
        let sound = self.blocks.iter().map(|block| block.as_known());
        let mut records: Vec<BlockRecord> = sound.chain(self.aside.iter().cloned()).collect();
        records.sort_by_key(|record| record.from);
        records
    }
}
