//! Reading blocks: which traces are meant, and what their documents are. All of it blocks.

use std::cmp::Reverse;
use std::sync::Arc;

use bytes::Bytes;
use fluoro_block::BlockError;
use fluoro_block::traces::{Found, GroupTimes, Member, TraceRow, TracesFile};
use fluoro_model::{TimestampMicros, TraceId};
use foldhash::{HashMap, HashMapExt};

use super::files::{File, Files};
use super::{ArchiveError, Block, Live};
use crate::log::Position;
use crate::scan::{Axis, Candidates};

/// Which traces at rest are meant.
#[derive(Debug, Default)]
pub(crate) struct AtRest {
    /// Their times on the axis asked for: of the latest ones, in their order.
    pub(crate) traces: Vec<(TimestampMicros, TraceId)>,
    /// When those were, on that axis, whose row says that they are not meant, and how many.
    pub(crate) passed_over: Vec<(TimestampMicros, u64)>,
    /// The last of those that were asked for, when there may be more.
    pub(crate) rest: Option<(TimestampMicros, TraceId)>,
}

/// What is somebody else's care.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elsewhere {
    /// Nothing of what was received before.
    pub(crate) since: Option<TimestampMicros>,
    /// All that lay in the log from here on.
    pub(crate) from: Position,
}

/// Documents of a trace, in the order received: when each was, and as it came.
pub(crate) type Documents = Vec<(TimestampMicros, Bytes)>;

// === impl Live ===

impl Live {
    /// Whether there may be documents of the trace; `false` only when there are none.
    pub(crate) fn may_have(&self, trace: TraceId) -> bool {
        self.blocks.iter().any(|block| block.may_have(trace))
    }

    /// The same of several traces.
    pub(crate) fn may_have_each(&self, traces: &[TraceId]) -> Vec<bool> {
        let mut known = vec![false; traces.len()];
        for block in &self.blocks {
            block.may_have_each(traces, &mut known);
        }
        known
    }

    /// The numbers of the blocks that may have documents of the trace.
    pub(crate) fn numbers_of(&self, trace: TraceId) -> Vec<u64> {
        let blocks = self.blocks.iter();
        let blocks = blocks.filter(|block| block.may_have(trace));
        blocks.map(|block| block.record.number).collect()
    }

    /// The row of a trace that counts; an error of damage when it may be what is damaged.
    pub(crate) fn row(&self, trace: TraceId) -> Result<Option<TraceRow>, ArchiveError> {
        Ok(self.row_in(trace)?.map(|(row, _)| row))
    }

    /// The same, and which block has it.
    pub(crate) fn row_in(
        &self,
        trace: TraceId,
    ) -> Result<Option<(TraceRow, &Arc<Block>)>, ArchiveError> {
        self.first_that_counts(trace, |files| files.traces.row(trace))
    }

    /// How many documents of a trace the row that counts tells of, and how long they are; errors as of [`row`](Self::row).
    pub(crate) fn amount(&self, trace: TraceId) -> Result<Option<(u32, u64)>, ArchiveError> {
        let found = self.first_that_counts(trace, |files| files.traces.amount(trace))?;
        Ok(found.map(|(amount, _)| amount))
    }

    /// What is read of the row of a trace that counts, and in which block.
    fn first_that_counts<T>(
        &self,
        trace: TraceId,
        read: impl Fn(&Files) -> Result<Option<T>, BlockError>,
    ) -> Result<Option<(T, &Arc<Block>)>, ArchiveError> {
        for block in self.blocks.iter().rev() {
            if !self.counts(block, trace) || !block.may_have(trace) {
                continue;
            }
            let found = block.files().and_then(|files| read(&files));
            if let Some(found) = found.map_err(|error| block.failed(error))? {
                return Ok(Some((found, block)));
            }
        }
        Ok(None)
    }

    /// All documents of these traces, as far as there are any.
    pub(crate) fn documents(
        &self,
        traces: &[TraceId],
    ) -> Result<HashMap<TraceId, Documents>, ArchiveError> {
        if traces.is_empty() {
            return Ok(HashMap::new());
        }
        let mut wanted = traces.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let mut found: HashMap<TraceId, Vec<(TimestampMicros, u32, Bytes)>> = HashMap::new();
        for block in &self.blocks {
            for (trace, document) in block.documents(&wanted)? {
                found.entry(trace).or_default().push(document);
            }
        }
        let in_order = found.into_iter().map(|(trace, mut documents)| {
            documents.sort_by_key(|(received, number, _)| (*received, *number));
            let documents = documents.into_iter();
            let documents = documents.map(|(received, _, document)| (received, document));
            (trace, documents.collect())
        });
        Ok(in_order.collect())
    }

    /// The traces that are meant; those aside that are somebody else's care, told with a flag for each of them. Before each
    /// row group is asked whether to go on, in view of what was found; when not, that is for nobody.
    pub(crate) fn find(
        &self,
        candidates: &Candidates,
        elsewhere: Elsewhere,
        are_elsewhere: impl Fn(&[TraceId]) -> Vec<bool>,
        mut goes_on: impl FnMut(&AtRest) -> bool,
    ) -> Result<AtRest, ArchiveError> {
        let axis = At { candidates };
        let mut groups: Vec<_> = self
            .blocks
            .iter()
            .filter(|block| block.record.from < elsewhere.from.bits())
            .flat_map(|block| {
                let groups = block.groups.iter().enumerate();
                groups.map(move |(group, times)| (times, block, group))
            })
            .filter(|(times, ..)| axis.may_have(times))
            .collect();
        groups.sort_by_key(|(times, ..)| Reverse(latest_start(times)));
        let rows = match candidates.latest {
            Some(latest) if candidates.by == Axis::Start => latest.rows,
            _ => usize::MAX,
        };
        let mut found = AtRest::default();
        for (times, block, group) in groups {
            if !goes_on(&found) {
                return Ok(found);
            }
            if found.traces.len() >= rows {
                let last = found.keep_latest(rows);
                if latest_start(times) < Some(last) {
                    found.rest = found.traces.last().copied();
                    break;
                }
            }
            let is_all_here = elsewhere
                .since
                .is_none_or(|at| *times.last_received.end() < at);
            let Some(files) = block.unless_damaged(block.files())? else {
                continue;
            };
            let may_admit = || files.traces.may_admit(group, &candidates.columns);
            match axis
                .latest_of_all(times)
                .filter(|_| is_all_here && !may_admit())
            {
                Some(latest) => found.passed_over.push((latest, times.rows as u64)),
                None => {
                    let group = Group {
                        block,
                        traces: &files.traces,
                        group,
                        rows: times.rows,
                        latest: axis.latest_of_all(times).filter(|_| is_all_here),
                    };
                    self.look(&group, rows, &axis, &are_elsewhere, &mut found)?;
                }
            }
        }
        if found.traces.len() > rows {
            found.keep_latest(rows);
        }
        if let Some((last, _)) = found.rest {
            found.passed_over.retain(|(start, _)| *start >= last);
        }
        Ok(found)
    }

    /// Looks through the rows of a group, from the latest on where only the latest are wanted.
    fn look(
        &self,
        group: &Group<'_>,
        most: usize,
        axis: &At<'_>,
        are_elsewhere: impl Fn(&[TraceId]) -> Vec<bool>,
        found: &mut AtRest,
    ) -> Result<(), ArchiveError> {
        let columns = &axis.candidates.columns;
        let (block, traces) = (group.block, group.traces);
        let mut end = group.rows;
        let mut size = match most {
            usize::MAX => group.rows,
            _ if traces.tells(group.group, columns) => group.rows,
            _ => SLICE,
        };
        let mut latest = group.latest.filter(|_| most < usize::MAX);
        while end > 0 {
            let slice = end.saturating_sub(size)..end;
            (end, size) = (slice.start, size * 2);
            if let Some(of_slice) = latest {
                let rows = traces.find_meant(group.group, slice.clone(), columns);
                let Some(mut rows) = block.unless_damaged(rows)? else {
                    continue;
                };
                if end > 0 {
                    let start = traces.start(group.group, end);
                    latest = block.unless_damaged(start)?.flatten().or(latest);
                }
                let passed_over = slice.len() - rows.len();
                rows.retain(|row| self.counts(block, row.trace));
                // Of the slice that fills the page, each row is asked for its time.
                if found.traces.len() + rows.len() < most {
                    found.passed_over.push((of_slice, passed_over as u64));
                    let traces: Vec<TraceId> = rows.iter().map(|row| row.trace).collect();
                    let elsewhere = are_elsewhere(&traces);
                    let here = rows.iter().zip(elsewhere).filter(|(_, is)| !is);
                    let here = here.filter_map(|(row, _)| Some((row.start?, row.trace)));
                    found.traces.extend(here);
                    continue;
                }
            }
            let rows = traces.find(group.group, slice, columns);
            let Some(mut rows) = block.unless_damaged(rows)? else {
                continue;
            };
            let earliest = rows.first().and_then(|row| row.start);
            rows.retain(|row| axis.time_of(row).is_some() && self.counts(block, row.trace));
            let traces: Vec<TraceId> = rows.iter().map(|row| row.trace).collect();
            let elsewhere = are_elsewhere(&traces);
            for (row, _) in rows.iter().zip(elsewhere).filter(|(_, is)| !is) {
                let Some(time) = axis.time_of(row) else {
                    continue;
                };
                if row.admitted {
                    found.traces.push((time, row.trace));
                } else {
                    found.passed_over.push((time, 1));
                }
            }
            // What lies before began before.
            if end > 0 && found.traces.len() >= most && earliest < Some(found.keep_latest(most)) {
                found.rest = found.traces.last().copied();
                break;
            }
        }
        Ok(())
    }

    /// All traces, each once.
    pub(crate) fn members(&self, mut tell: impl FnMut(Member)) -> Result<(), ArchiveError> {
        for block in &self.blocks {
            let Some(files) = block.unless_damaged(block.files())? else {
                continue;
            };
            for members in files.traces.members() {
                let members = block.unless_damaged(members)?;
                let counting = members.into_iter().flatten();
                counting
                    .filter(|(trace, ..)| self.counts(block, *trace))
                    .for_each(&mut tell);
            }
        }
        Ok(())
    }

    /// Whether this block's row of the trace is the one that counts, if it has one.
    pub(super) fn counts(&self, block: &Block, trace: TraceId) -> bool {
        let latest = self.latest.get(&trace);
        latest.is_none_or(|latest| *latest == block.record.number)
    }
}

// === impl AtRest ===

impl AtRest {
    /// What it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.traces) + size_of_val(&*self.passed_over)
    }

    /// Keeps the latest of the traces, in their order, and returns when the last of them was. When some go, there is a rest.
    fn keep_latest(&mut self, rows: usize) -> TimestampMicros {
        self.traces.sort_unstable_by_key(|trace| Reverse(*trace));
        let are_more = self.traces.len() > rows;
        self.traces.truncate(rows);
        let last = self.traces.last();
        if are_more {
            self.rest = last.copied();
        }
        last.map_or(TimestampMicros(i64::MAX), |(time, _)| *time)
    }
}

/// A row group of traces.
struct Group<'a> {
    block: &'a Block,
    traces: &'a TracesFile<File>,
    group: usize,
    rows: usize,
    /// The latest start, where all rows are meant by their times and none was received since the oldest hot trace.
    latest: Option<TimestampMicros>,
}

/// Where only the latest are wanted, a row group is looked through from its end, so many rows at first, then twice as many.
const SLICE: usize = if cfg!(test) { 3 } else { 1_024 };

/// What is asked of times.
pub(super) struct At<'a> {
    pub(super) candidates: &'a Candidates,
}

// === impl At ===

impl At<'_> {
    /// Whether a row group may have a row in the range.
    pub(super) fn may_have(&self, times: &GroupTimes) -> bool {
        let range = &self.candidates.range;
        let received =
            *times.first_received.start() < range.end && *times.last_received.end() >= range.start;
        match self.candidates.by {
            // Starts are kept rounded to microseconds: one more on each side, and none is missed.
            Axis::Start => times.start.as_ref().is_some_and(|start| {
                start.start().0 <= range.end.0.saturating_add(1)
                    && start.end().0 >= range.start.0.saturating_sub(1)
            }),
            Axis::Updated => {
                *times.last_received.start() < range.end
                    && *times.last_received.end() >= range.start
            }
            Axis::Received => received,
            Axis::ReceivedOrEnded => {
                let starts = times.start.as_ref();
                let began = starts.is_some_and(|start| *start.start() <= range.end);
                let ends = times.end.as_ref();
                let ended = ends.is_some_and(|end| end.end().0 >= range.start.0.saturating_sub(1));
                received || (began && ended)
            }
        }
    }

    /// The latest time of a row group all of whose rows are in the range.
    fn latest_of_all(&self, times: &GroupTimes) -> Option<TimestampMicros> {
        let range = &self.candidates.range;
        match self.candidates.by {
            Axis::Start => {
                let start = times.start.as_ref().filter(|_| !times.without_start)?;
                let before = self.candidates.latest.and_then(|latest| latest.before);
                let is_in = *start.start() >= range.start
                    && *start.end() < range.end
                    && before.is_none_or(|(before, _)| *start.end() < before);
                is_in.then_some(*start.end())
            }
            Axis::Updated => {
                let received = &times.last_received;
                let is_in = *received.start() >= range.start && *received.end() < range.end;
                is_in.then_some(*received.end())
            }
            Axis::Received | Axis::ReceivedOrEnded => {
                let is_in = *times.first_received.start() >= range.start
                    && *times.last_received.end() < range.end;
                is_in.then_some(*times.last_received.end())
            }
        }
    }

    /// The row's time, when it is in the range.
    pub(super) fn time_of(&self, row: &Found) -> Option<TimestampMicros> {
        let range = &self.candidates.range;
        let received = row.first_received < range.end && row.last_received >= range.start;
        let is_meant = match self.candidates.by {
            Axis::Start => {
                let start = row.start?;
                let before = self.candidates.latest.and_then(|latest| latest.before);
                let is_in = start.0 >= range.start.0.saturating_sub(1)
                    && start.0 <= range.end.0.saturating_add(1);
                return (is_in && before.is_none_or(|before| (start, row.trace) < before))
                    .then_some(start);
            }
            Axis::Updated => range.contains(&row.last_received),
            Axis::Received => received,
            Axis::ReceivedOrEnded => {
                let began = row.start.is_some_and(|start| start <= range.end);
                let ended = row
                    .end
                    .is_some_and(|end| end.0 >= range.start.0.saturating_sub(1));
                received || (began && ended)
            }
        };
        is_meant.then_some(row.last_received)
    }
}

fn latest_start(times: &GroupTimes) -> Option<TimestampMicros> {
    times.start.as_ref().map(|start| *start.end())
}
