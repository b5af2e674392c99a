//! What a flush says of minutes: which traces it counts, and what it takes away of what older blocks have counted.
//!
//! A trace is counted when all its documents are in blocks with this flush. One that has a document behind it comes again with
//! the next flush, and is passed over until then. One with links is never counted: what those come to depends on others. One
//! that was counted before is taken away, as it was.

use std::sync::Arc;

use super::index::AtFlush;
use crate::archive::{ArchiveError, Live};
use crate::rollups::{RollupBuilder, RollupMaker};
use fluoro_block::rollups::{Older, Rollups, Uncounted};
use fluoro_block::traces::TraceRow;
use fluoro_model::TimestampMicros;
use fluoro_trace::Projection;

/// The rollups of a block in the making.
pub(super) struct Counting {
    builder: Box<dyn RollupBuilder>,
    rollups: Rollups,
}

// === impl Counting ===

impl Counting {
    #[expect(clippy::needless_pass_by_value, reason = "nobody else needs it")]
    pub(super) fn new(maker: Arc<dyn RollupMaker>) -> Self {
        let rollups = Rollups {
            form: maker.form(),
            ..Rollups::default()
        };
        Self {
            builder: maker.begin(),
            rollups,
        }
    }

    /// Takes a trace that is flushed, its row, and the one that it had before; returns that one when the trace is in parts as
    /// that tells it: then it has to be [taken away](Self::take_away).
    pub(super) fn take(
        &mut self,
        live: &Live,
        projection: &Projection,
        row: &mut TraceRow,
        hot: Option<AtFlush>,
    ) -> Result<Option<TraceRow>, ArchiveError> {
        let Some(hot) = hot else {
            self.pass_over(live, row)?;
            return Ok(None);
        };
        let last_received = row.last_received.max(hot.last_received);
        // Who became a member with what is not here yet, is none here.
        row.groups.retain(|group| group.joined <= last_received);
        let counted = match row.again {
            true => self.counted(live, row)?,
            false => None,
        };
        let is_counted = hot.is_whole && projection.links.is_empty();
        if is_counted {
            self.builder.add(projection, &row.groups);
        } else {
            self.leave_out(row, last_received);
        }
        if row.again && (is_counted || counted.is_some()) {
            self.rollups.older.push(Older {
                since: row.first_received.0,
                first: row.first_received.floor_minute(),
                last: last_received.floor_minute(),
            });
        }
        Ok(counted)
    }

    /// Takes away what was counted of traces: their rows, and what their documents at rest come to.
    pub(super) fn take_away(&mut self, rows: &[TraceRow], projections: &[Arc<Projection>]) {
        for row in rows {
            match as_counted(row, projections) {
                Some(projection) => self.builder.take_away(projection, &row.groups),
                None => {
                    let (first, last) = stretch_of(row);
                    self.rollups.add_void(first, last);
                }
            }
        }
    }

    /// Takes the row of a trace of which nothing else is known.
    pub(super) fn pass_over(&mut self, live: &Live, row: &TraceRow) -> Result<(), ArchiveError> {
        if row.again
            && !live.is_uncounted(self.rollups.form, row.trace)
            && let Some((first, last)) = live.stretch_of(row.trace)?
        {
            self.rollups.add_void(first, last);
        }
        self.leave_out(row, row.last_received);
        Ok(())
    }

    /// `None` when they would take too much: then the block has none.
    pub(super) fn finish(self) -> Option<Rollups> {
        Some(Rollups {
            parts: self.builder.finish()?,
            ..self.rollups
        })
    }

    /// The row by which the trace was counted before. Where that cannot be told, its minutes are void.
    fn counted(&mut self, live: &Live, row: &TraceRow) -> Result<Option<TraceRow>, ArchiveError> {
        match live.counted(self.rollups.form, row.trace) {
            Err(error) if error.is_damage() => {
                if let Some((first, last)) = live.stretch_of(row.trace)? {
                    self.rollups.add_void(first, last);
                }
                Ok(None)
            }
            counted => counted,
        }
    }

    /// What changed nothing may be all there is of the trace one day: so it counts when the last of all was received.
    fn leave_out(&mut self, row: &TraceRow, last_received: TimestampMicros) {
        self.rollups.uncounted.push(Uncounted {
            trace: row.trace,
            first_received: row.first_received,
            last_received,
        });
    }
}

/// What a trace was when it was counted, if that is what its documents at rest come to still.
pub(super) fn as_counted<'p>(
    row: &TraceRow,
    projections: &'p [Arc<Projection>],
) -> Option<&'p Arc<Projection>> {
    let mut projections = projections.iter();
    let projection = projections.find(|projection| projection.id == row.trace)?;
    let again = TraceRow {
        groups: row.groups.clone(),
        ..TraceRow::of(projection, row.documents, row.bytes, row.again)
    };
    (again == *row).then_some(projection)
}

/// The minutes, first and last, to which a trace contributes.
pub(super) fn stretch_of(row: &TraceRow) -> (i64, i64) {
    let joined = row.groups.iter().map(|group| group.joined);
    let last = joined.chain([row.last_received]).max();
    let last = last.unwrap_or(row.last_received);
    (row.first_received.floor_minute(), last.floor_minute())
}
