//! Lets go of blocks that are due.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use fluoro_model::TraceId;

use super::{Archive, ArchiveError, Block, BlockRecord, Live};
use crate::log::Position;

/// Blocks that are not live any more.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    /// How many documents they had.
    pub(crate) documents: u64,
    /// Where these lay in the log.
    pub(crate) ranges: Vec<Range<Position>>,
    /// The traces of which nothing is at rest any more.
    pub(crate) traces: Vec<TraceId>,
}

// === impl Archive ===

impl Archive {
    /// Lets go of the blocks that are due: a flag for each that is live, the oldest first.
    pub(crate) async fn drop_blocks(
        &self,
        due: impl FnOnce(&[BlockRecord]) -> Vec<bool>,
    ) -> Result<Dropped, ArchiveError> {
        let mut changing = self.change().await?;
        let live = self.live();
        let records = live.records();
        let mut dropped = Dropped::default();
        let mut numbers = HashSet::new();
        for (record, _) in records
            .iter()
            .zip(due(&records))
            .filter(|(_, is_due)| *is_due)
        {
            numbers.insert(record.number);
            let range = Position::from_bits(record.from)..Position::from_bits(record.up_to);
            dropped.ranges.push(range);
        }
        if numbers.is_empty() {
            return Ok(dropped);
        }
        let blocks = live.blocks.iter().cloned();
        let (gone, kept): (Vec<_>, Vec<_>) =
            blocks.partition(|block| numbers.contains(&block.record.number));
        // Those of damaged ones were counted.
        dropped.documents = gone.iter().map(|block| block.record.documents).sum();
        let mut aside = live.aside.clone();
        aside.retain(|record| !numbers.contains(&record.number));
        let last = records
            .iter()
            .filter(|record| numbers.contains(&record.number));
        let last = last.map(|record| record.last_received).max();
        let mut left = Live::new(kept, aside, live.watermark).after(&live);
        left.forgotten = left.forgotten.max(last);
        self.commit(&mut changing, left).await?;
        drop(changing);
        let left = self.live();
        let traces = tokio::task::spawn_blocking(move || traces_only_in(&gone, &left));
        dropped.traces = traces.await.map_err(|_| ArchiveError::Closed)??;
        Ok(dropped)
    }
}

/// The traces of which there are rows in the one and none in the others.
fn traces_only_in(gone: &[Arc<Block>], left: &Live) -> Result<Vec<TraceId>, ArchiveError> {
    let mut traces = HashSet::new();
    for block in gone {
        let Some(files) = block.unless_damaged(block.files())? else {
            continue;
        };
        for members in files.traces.members() {
            let members = block.unless_damaged(members)?.into_iter().flatten();
            traces.extend(members.map(|(trace, ..)| trace));
        }
    }
    let only = traces
        .into_iter()
        .filter_map(|trace| match left.amount(trace) {
            Ok(None) => Some(Ok(trace)),
            Ok(Some(_)) => None,
            Err(error) if error.is_damage() => None,
            Err(error) => Some(Err(error)),
        });
    only.collect()
}
