//! What blocks have for the graphs of minutes, together: which parts, which minutes those do not tell rightly, and which traces
//! are in none.
//!
//! A trace is in the parts, all blocks' together, as its newest row has it, unless the rollups of that row's block list it as
//! uncounted: then it is in none. So who comes again is taken away by the parts of the block that it comes to rest in. A block
//! without rollups (of an older version, of another form, or damaged) has nobody counted; and nobody was taken away that came
//! again in it, whose minutes are void. Void are, too, those of traces that newer blocks count, or take away, with documents
//! in a block that is gone or without rollups.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use fluoro_block::BlockError as FileError;
use fluoro_block::checked::Source;
use fluoro_block::rollups::{Older, Rollups, RollupsFile, Uncounted};
use fluoro_block::traces::TraceRow;
use fluoro_filter::Columns;
use fluoro_model::{TimestampMicros, TraceId};

use super::read::At;
use super::{ArchiveError, Block, BlockRecord, Live};
use crate::rollups::RollupMaker;
use crate::scan::{Axis, Candidates};

/// What blocks know of some minutes.
#[derive(Debug, Default)]
pub(crate) struct Minutes {
    /// Parts, each with its minute.
    pub(crate) parts: Vec<(i64, Bytes)>,
    /// The minutes that parts do not tell rightly.
    pub(crate) void: BTreeSet<i64>,
    /// The traces that may contribute to them and are in no part.
    pub(crate) uncounted: HashSet<TraceId>,
}

/// The rollups of a block that is made of others.
pub(super) struct MergedRollups<'m> {
    maker: &'m dyn RollupMaker,
    /// The oldest first.
    inputs: Vec<Option<Rollups>>,
    /// When the last document of each block was received.
    last_received: Vec<i64>,
    /// Of each block, by trace.
    uncounted: Vec<HashMap<TraceId, Uncounted>>,
    merged: Rollups,
}

// === impl Live ===

impl Live {
    /// What is known of the minutes, of all traces or of a group's.
    pub(crate) fn minutes(
        &self,
        form: u32,
        of: &str,
        minutes: &Range<i64>,
    ) -> Result<Minutes, ArchiveError> {
        loop {
            let mut known = Minutes::default();
            let mut are_all_sound = true;
            for block in &self.blocks {
                match block.rollups(form) {
                    Some(rollups) => {
                        let cut = self.cut_before(form, block);
                        let asked = (rollups, cut);
                        are_all_sound &= self.look_up(block, asked, of, minutes, &mut known)?;
                    }
                    None => self.look_through(block, minutes, &mut known)?,
                }
            }
            // Those that are damaged have no rollups from here on.
            if are_all_sound {
                return Ok(known);
            }
        }
    }

    /// Whether something is at rest of the trace and in no part. Those of a block without rollups are not told of.
    pub(crate) fn is_uncounted(&self, form: u32, trace: TraceId) -> bool {
        let latest = self.latest.get(&trace);
        let may_count =
            |block: &&Arc<Block>| latest.is_none_or(|latest| block.record.number == *latest);
        let mut blocks = self.blocks.iter().filter(may_count);
        blocks.any(|block| {
            let rollups = block.rollups(form);
            rollups.is_some_and(|rollups| rollups.is_uncounted(trace))
        })
    }

    /// When the last document was received of older blocks that are gone or without rollups.
    fn cut_before(&self, form: u32, block: &Block) -> Option<i64> {
        let from = block.record.from;
        let older = self.blocks.iter().filter(|one| one.record.from < from);
        let without = older.filter(|one| one.rollups(form).is_none());
        let without = without.map(|one| one.record.last_received);
        let aside = self.aside.iter().filter(|record| record.from < from);
        let aside = aside.map(|record| record.last_received);
        without.chain(aside).chain(self.forgotten).max()
    }

    /// The row of a trace that is in the parts; an error of damage when it may be what is damaged.
    pub(crate) fn counted(
        &self,
        form: u32,
        trace: TraceId,
    ) -> Result<Option<TraceRow>, ArchiveError> {
        if self.is_uncounted(form, trace) {
            return Ok(None);
        }
        let found = self.row_in(trace)?;
        let found = found.filter(|(_, block)| block.rollups(form).is_some());
        Ok(found.map(|(row, _)| row))
    }

    /// The minutes, first and last, in which documents of the trace may have been received that are at rest.
    pub(crate) fn stretch_of(&self, trace: TraceId) -> Result<Option<(i64, i64)>, ArchiveError> {
        let mut stretch: Option<(i64, i64)> = None;
        let mut widen = |first: TimestampMicros, last: TimestampMicros| {
            let (first, last) = (first.floor_minute(), last.floor_minute());
            let known = stretch.get_or_insert((first, last));
            *known = (known.0.min(first), known.1.max(last));
        };
        match self.row(trace) {
            Ok(Some(row)) => widen(row.first_received, row.last_received),
            Ok(None) => {}
            Err(error) if error.is_damage() => {
                let may_have = |block: &&Arc<Block>| block.may_have(trace);
                for block in self.blocks.iter().filter(may_have) {
                    let record = &block.record;
                    let first = TimestampMicros(record.first_received);
                    widen(first, TimestampMicros(record.last_received));
                }
            }
            Err(error) => return Err(error),
        }
        Ok(stretch)
    }

    /// Asks a block's rollups; `false` when they turn out to be damaged.
    fn look_up(
        &self,
        block: &Block,
        (rollups, cut): (&RollupsFile<Arc<dyn Source>>, Option<i64>),
        of: &str,
        minutes: &Range<i64>,
        known: &mut Minutes,
    ) -> Result<bool, ArchiveError> {
        match rollups.parts(of, minutes) {
            Ok(parts) => known.parts.extend(parts),
            Err(error) if error.is_damage() => {
                block.lose_rollups(&error);
                return Ok(false);
            }
            Err(error) => return Err(block.failed(error)),
        }
        for (first, last) in rollups.void() {
            known.void_all(*first, *last, minutes);
        }
        // What was counted, or taken away, with documents that are gone, or in no part.
        let is_cut = |older: &&Older| cut.is_some_and(|last| older.since <= last);
        for older in rollups.older().iter().filter(is_cut) {
            known.void_all(older.first, older.last, minutes);
        }
        let uncounted = rollups.uncounted().filter(|one| {
            let (first, last) = (one.first_received, one.last_received);
            first.floor_minute() < minutes.end
                && last.floor_minute() >= minutes.start
                && self.counts(block, one.trace)
        });
        known.uncounted.extend(uncounted.map(|one| one.trace));
        Ok(true)
    }

    /// Looks through the rows of a block that has no rollups.
    fn look_through(
        &self,
        block: &Block,
        minutes: &Range<i64>,
        known: &mut Minutes,
    ) -> Result<(), ArchiveError> {
        let candidates = Candidates {
            range: range_of(minutes),
            by: Axis::Received,
            columns: Columns::Anything,
            latest: None,
        };
        let axis = At {
            candidates: &candidates,
        };
        let mut again: Option<HashSet<TraceId>> = None;
        for (group, times) in block.groups.iter().enumerate() {
            if !axis.may_have(times) {
                continue;
            }
            let files = block.files();
            let rows = files.and_then(|files| {
                let traces = &files.traces;
                traces.find(group, 0..times.rows, &candidates.columns)
            });
            let rows = block.unless_damaged(rows)?.unwrap_or_default();
            let again = again.get_or_insert_with(|| block.again.iter().copied().collect());
            for row in rows.iter().filter(|row| axis.time_of(row).is_some()) {
                if again.contains(&row.trace) {
                    let (first, last) = (row.first_received, row.last_received);
                    known.void_all(first.floor_minute(), last.floor_minute(), minutes);
                }
                if self.counts(block, row.trace) {
                    known.uncounted.insert(row.trace);
                }
            }
        }
        Ok(())
    }
}

/// From the start of the first minute to the end of the last.
pub(crate) fn range_of(minutes: &Range<i64>) -> Range<TimestampMicros> {
    let at = |minute: i64| TimestampMicros(minute.saturating_mul(60_000_000));
    at(minutes.start)..at(minutes.end)
}

// === impl Minutes ===

impl Minutes {
    /// Notes that those of the minutes are void that lie in a stretch, both ends included.
    fn void_all(&mut self, first: i64, last: i64, minutes: &Range<i64>) {
        let stretch = first.max(minutes.start)..last.saturating_add(1).min(minutes.end);
        self.void.extend(stretch);
    }
}

// === impl Block ===

impl Block {
    /// Its rollups, if they have this form and no damage was met in them.
    pub(super) fn rollups(&self, form: u32) -> Option<&RollupsFile<Arc<dyn Source>>> {
        if self.are_rollups_damaged.load(Ordering::Relaxed) {
            return None;
        }
        let rollups = self.rollups.as_ref();
        rollups.filter(|rollups| rollups.form() == form)
    }

    /// Its record as the catalog should have it: without rollups that cannot be used. What is written from here on rests on that
    /// they are not, and a start may find no damage, as it does not look at all of them.
    pub(super) fn as_known(&self) -> BlockRecord {
        let are_damaged = self.are_rollups_damaged.load(Ordering::Relaxed);
        BlockRecord {
            rollups: self.rollups.is_some() && !are_damaged,
            ..self.record.clone()
        }
    }

    fn lose_rollups(&self, error: &FileError) {
        if !self.are_rollups_damaged.swap(true, Ordering::Relaxed) {
            tracing::error!(
                block = self.record.number,
                error = error as &dyn std::error::Error,
                "the rollups of a block are damaged: its graphs are made of its documents"
            );
        }
    }
}

/// Parts that take more bytes together are not merged: the block has none.
const MOST_BYTES: u64 = 32 << 20;

// === impl MergedRollups ===

impl<'m> MergedRollups<'m> {
    /// Nothing yet, of these blocks; `None` when they have too much.
    pub(super) fn of(
        blocks: &[Arc<Block>],
        maker: &'m dyn RollupMaker,
    ) -> Result<Option<Self>, ArchiveError> {
        let rollups = blocks
            .iter()
            .filter_map(|block| block.rollups(maker.form()));
        if rollups.map(RollupsFile::unpacked).sum::<u64>() > MOST_BYTES {
            return Ok(None);
        }
        let mut inputs = Vec::with_capacity(blocks.len());
        for block in blocks {
            let all = block.rollups(maker.form()).map(RollupsFile::all);
            inputs.push(match all.transpose() {
                Ok(rollups) => rollups,
                Err(error) if error.is_damage() => {
                    block.lose_rollups(&error);
                    None
                }
                Err(error) => return Err(block.failed(error)),
            });
        }
        let uncounted = inputs.iter().map(|rollups| {
            let uncounted = rollups.iter().flat_map(|rollups| &rollups.uncounted);
            uncounted.map(|one| (one.trace, *one)).collect()
        });
        Ok(Some(Self {
            maker,
            uncounted: uncounted.collect(),
            last_received: {
                let blocks = blocks.iter();
                blocks.map(|block| block.record.last_received).collect()
            },
            merged: Rollups {
                form: maker.form(),
                ..Rollups::default()
            },
            inputs,
        }))
    }

    /// Takes note of a row of one of the blocks: whether its trace was at rest before, and whether the row is kept.
    pub(super) fn take(&mut self, block: usize, row: &TraceRow, was_again: bool, is_kept: bool) {
        let has_none = self.inputs[block].is_none();
        if has_none && was_again {
            let (first, last) = (row.first_received, row.last_received);
            self.merged
                .add_void(first.floor_minute(), last.floor_minute());
        }
        let uncounted = match has_none {
            true => Some(Uncounted {
                trace: row.trace,
                first_received: row.first_received,
                last_received: row.last_received,
            }),
            false => self.uncounted[block].get(&row.trace).copied(),
        };
        self.merged.uncounted.extend(uncounted.filter(|_| is_kept));
    }

    /// The rollups of all, now that every row was taken; `None` when no block had any, or they cannot be understood.
    pub(super) fn finish(self) -> Option<Rollups> {
        let mut merged = self.merged;
        if self.inputs.iter().all(Option::is_none) {
            return None;
        }
        let mut parts: BTreeMap<Box<str>, BTreeMap<i64, Vec<Bytes>>> = BTreeMap::new();
        let mut cut = None;
        for (input, last) in self.inputs.into_iter().zip(self.last_received) {
            let Some(input) = input else {
                cut = cut.max(Some(last));
                continue;
            };
            let is_cut = |older: &&Older| cut.is_some_and(|last| older.since <= last);
            for older in input.older.iter().filter(is_cut) {
                merged.add_void(older.first, older.last);
            }
            merged.void.extend(input.void);
            merged.older.extend(input.older);
            for (of, minutes) in input.parts {
                let known = parts.entry(of).or_default();
                for (minute, part) in minutes {
                    known.entry(minute).or_default().push(part);
                }
            }
        }
        for (of, minutes) in parts {
            let together = merged.parts.entry(of).or_default();
            for (minute, mut parts) in minutes {
                let part = match parts.len() {
                    1 => parts.pop()?,
                    _ => self.maker.merge(&parts)?,
                };
                together.insert(minute, part);
            }
        }
        merged.settle();
        Some(merged)
    }
}
