//! Reading all rows of traces, some thousand at a time. All of it blocks.

use std::ops::Range;

use fluoro_block::traces::{GroupTimes, Parts, TraceRow};

use super::{ArchiveError, Live};

/// Some rows of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice {
    block: usize,
    group: usize,
    rows: Range<usize>,
}

// === impl Live ===

impl Live {
    /// Where rows lie of row groups that may be wanted, the newest blocks first.
    pub(crate) fn slices(&self, may_be_wanted: impl Fn(&GroupTimes) -> bool) -> Vec<Slice> {
        let mut slices = Vec::new();
        for (index, block) in self.blocks.iter().enumerate().rev() {
            for (group, times) in block.groups.iter().enumerate().rev() {
                if may_be_wanted(times) {
                    slices.extend(times.slices().map(|rows| Slice {
                        block: index,
                        group,
                        rows,
                    }));
                }
            }
        }
        slices
    }

    /// Those of the rows there that count.
    pub(crate) fn rows(&self, slice: &Slice, parts: Parts) -> Result<Vec<TraceRow>, ArchiveError> {
        let block = &self.blocks[slice.block];
        let files = block.files();
        let rows = files.and_then(|files| files.traces.rows(slice.group, &slice.rows, parts));
        let mut rows = block.unless_damaged(rows)?.unwrap_or_default();
        rows.retain(|row| self.counts(block, row.trace));
        Ok(rows)
    }
}
