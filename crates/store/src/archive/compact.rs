//! Compaction: blocks that lie side by side become one, by copying.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use fluoro_block::{segments, traces};

use super::encode::Encoded;
use super::error::file_error;
use super::rollups::MergedRollups;
use super::{Archive, ArchiveError, Block, BlockRecord, Live};
use crate::rollups::RollupMaker;

/// A block has at most so many documents, unless one flush had more: what is merged is made in memory.
const MOST_DOCUMENTS: u64 = 131_072;

/// And its files take at most so many bytes, for the same reason: of documents that are large there are fewer.
const MOST_BYTES: u64 = 64 << 20;

/// So many are merged at most at once: some rows of each are held.
const MOST_BLOCKS: usize = 32;

/// The documents of the smallest kind of block.
const SMALL: u64 = 8_192;

/// So many blocks of a kind are merged, and so many times greater the next kind is: each document is copied once more for
/// each kind.
const FEW: usize = 8;

// === impl Archive ===

impl Archive {
    /// Merges some blocks if there are enough of about the same size; whether there were. `thoroughly`: if there are two
    /// that fit together. What is merged was received within this time, and no damage is known of it.
    pub(crate) async fn compact(
        &self,
        thoroughly: bool,
        most_micros: i64,
        maker: Option<Arc<dyn RollupMaker>>,
    ) -> Result<bool, ArchiveError> {
        let mut changing = self.change().await?;
        let live = self.live();
        let records: Vec<_> = live.blocks.iter().map(|block| &block.record).collect();
        let mut runs = live.sound_stretches().into_iter().filter_map(|stretch| {
            let run = run_of(&records[stretch.clone()], thoroughly, most_micros)?;
            Some(stretch.start + run.start..stretch.start + run.end)
        });
        let Some(run) = runs.next() else {
            return Ok(false);
        };
        let number = changing.new_number();
        let of = (Arc::clone(&live), run.clone());
        let merged = tokio::task::spawn_blocking(move || {
            merged(&of.0, &of.0.blocks[of.1], maker.as_deref())
        });
        let merged = merged.await.map_err(|_| ArchiveError::Closed)??;
        let Some(merged) = merged else {
            // Others may fit together.
            return Ok(true);
        };
        let block = self.put(number, merged).await?;
        let mut blocks = live.blocks.clone();
        blocks.splice(run, [block]);
        let live = Live::new(blocks, live.aside.clone(), live.watermark).after(&live);
        self.commit(&mut changing, live).await?;
        Ok(true)
    }
}

// === impl Live ===

impl Live {
    /// The blocks between which there are none with damage.
    fn sound_stretches(&self) -> Vec<Range<usize>> {
        let mut stretches = Vec::new();
        let mut begin = 0;
        for index in 1..self.blocks.len() {
            let pair = [&self.blocks[index - 1], &self.blocks[index]];
            let between = pair[0].record.from..=pair[1].record.from;
            if pair.iter().any(|block| block.is_damaged())
                || self
                    .aside
                    .iter()
                    .any(|record| between.contains(&record.from))
            {
                stretches.push(begin..index);
                begin = index;
            }
        }
        stretches.push(begin..self.blocks.len());
        stretches
    }
}

/// Which blocks are to become one: they lie side by side, so that their order stays one of time.
fn run_of(records: &[&BlockRecord], thoroughly: bool, most_micros: i64) -> Option<Range<usize>> {
    if thoroughly {
        return run_below(records, 2, MOST_DOCUMENTS, most_micros);
    }
    let mut size = SMALL;
    while size < MOST_DOCUMENTS {
        size *= FEW as u64;
        if let Some(run) = run_below(records, FEW, size, most_micros) {
            return Some(run);
        }
    }
    None
}

/// The first so many or more that are each smaller than this and fit together; fewer when they fill a block nearly.
fn run_below(
    records: &[&BlockRecord],
    least: usize,
    size: u64,
    most_micros: i64,
) -> Option<Range<usize>> {
    let is_worth_it = |run: &Range<usize>| {
        let records = &records[run.clone()];
        let documents: u64 = records.iter().map(|record| record.documents).sum();
        let bytes: u64 = records.iter().map(|record| record.bytes).sum();
        let is_full = documents > MOST_DOCUMENTS / 4 * 3 || bytes > MOST_BYTES / 4 * 3;
        run.len() >= least || (run.len() > 1 && is_full)
    };
    let mut run = 0..0;
    for index in 0..records.len() {
        if !fit(&records[run.start..=index], size, most_micros) {
            if is_worth_it(&run) {
                return Some(run);
            }
            while run.start <= index && !fit(&records[run.start..=index], size, most_micros) {
                run.start += 1;
            }
        }
        run.end = index + 1;
    }
    is_worth_it(&run).then_some(run)
}

fn fit(records: &[&BlockRecord], size: u64, most_micros: i64) -> bool {
    let documents: u64 = records.iter().map(|record| record.documents).sum();
    let bytes: u64 = records.iter().map(|record| record.bytes).sum();
    let first = records.iter().map(|record| record.first_received).min();
    let last = records.iter().map(|record| record.last_received).max();
    let lasts = first
        .zip(last)
        .map(|(first, last)| last.saturating_sub(first));
    records.iter().all(|record| record.documents < size)
        && records
            .windows(2)
            .all(|pair| pair[0].lineage == pair[1].lineage)
        && records.len() <= MOST_BLOCKS
        && documents <= MOST_DOCUMENTS
        && bytes <= MOST_BYTES
        && lasts.is_none_or(|lasts| lasts <= most_micros)
}

/// `None` when some are damaged, which is known from here on.
fn merged(
    live: &Live,
    blocks: &[Arc<Block>],
    maker: Option<&dyn RollupMaker>,
) -> Result<Option<Encoded>, ArchiveError> {
    match merge(live, blocks, maker) {
        Err(error) if error.is_damage() => {
            let mut is_damaged = false;
            for block in blocks {
                is_damaged |= block.examine()?;
            }
            if is_damaged { Ok(None) } else { Err(error) }
        }
        merged => merged.map(Some),
    }
}

fn merge(
    live: &Live,
    blocks: &[Arc<Block>],
    maker: Option<&dyn RollupMaker>,
) -> Result<Encoded, ArchiveError> {
    let number = blocks.first().map_or(0, |block| block.record.number);
    let numbers: HashSet<u64> = blocks.iter().map(|block| block.record.number).collect();
    let failed = file_error(number);
    // At once, as it would be copied to grow.
    let bytes: u64 = blocks.iter().map(|block| block.record.bytes).sum();
    let mut all_segments = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
    let open = blocks.iter().map(|block| block.files());
    let open: Vec<_> = open.collect::<Result<_, _>>().map_err(&failed)?;
    let files: Vec<_> = open.iter().map(|files| &files.segments).collect();
    segments::merge(&files, |_| true, &mut all_segments).map_err(&failed)?;
    let mut all_traces = Vec::new();
    let files: Vec<_> = open.iter().map(|files| &files.traces).collect();
    // Of a trace that has rows in several blocks the one stays that counts, unless that is elsewhere.
    let older = live
        .blocks
        .iter()
        .take_while(|block| block.record.number != number);
    let older: Vec<_> = older.collect();
    let rollups = maker.map(|maker| MergedRollups::of(blocks, maker));
    let mut rollups = rollups.transpose()?.flatten();
    let counts = |file: usize, row: &mut traces::TraceRow| {
        let was_again = row.again;
        let is_kept = match live.latest.get(&row.trace) {
            None => true,
            Some(latest) if numbers.contains(latest) => {
                row.again = older.iter().any(|block| block.may_have(row.trace));
                *latest == blocks[file].record.number
            }
            Some(_) => false,
        };
        if let Some(rollups) = &mut rollups {
            rollups.take(file, row, was_again, is_kept);
        }
        is_kept
    };
    traces::merge(&files, counts, &mut all_traces).map_err(&failed)?;
    let rollups = rollups.and_then(MergedRollups::finish);
    let records = || blocks.iter().map(|block| &block.record);
    let rows = bytes::Bytes::from(all_traces);
    let kept = traces::TracesFile::open(rows.clone())
        .map_err(&failed)?
        .len();
    Ok(Encoded {
        record: BlockRecord {
            number: 0,
            lineage: records()
                .next()
                .map_or(crate::documents::Lineage(0), |r| r.lineage),
            from: records().map(|record| record.from).min().unwrap_or(0),
            up_to: records().map(|record| record.up_to).max().unwrap_or(0),
            documents: records().map(|record| record.documents).sum(),
            traces: kept as u64,
            bytes: 0,
            first_received: records()
                .map(|r| r.first_received)
                .min()
                .unwrap_or(i64::MAX),
            last_received: records().map(|r| r.last_received).max().unwrap_or(i64::MIN),
            rollups: false,
        },
        segments: all_segments,
        traces: rows.into(),
        rollups: rollups.map(|rollups| rollups.encode().into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::Lineage;

    #[test]
    fn what_is_merged_is_bounded_in_blocks_documents_and_bytes() {
        let runs = |documents: u64, bytes: u64, thoroughly: bool| {
            let record = |number: u64| BlockRecord {
                number,
                lineage: Lineage(0),
                from: number,
                up_to: number + 1,
                documents,
                traces: documents,
                bytes,
                first_received: 0,
                last_received: 0,
                rollups: false,
            };
            let records: Vec<BlockRecord> = (0..40).map(record).collect();
            let records: Vec<&BlockRecord> = records.iter().collect();
            run_of(&records, thoroughly, 1)
        };
        assert_eq!(runs(10, 1_000, true), Some(0..MOST_BLOCKS));
        assert_eq!(runs(MOST_DOCUMENTS / 4, 1_000, true), Some(0..4));
        assert_eq!(runs(10, MOST_BYTES / 4, true), Some(0..4));
        // Few fill a block, too.
        assert_eq!(runs(10, MOST_BYTES / 4, false), Some(0..4));
        assert_eq!(runs(10, MOST_BYTES / 2 + 1, true), None);
    }
}
