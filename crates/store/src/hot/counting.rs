//! What a flush says of minutes: which traces it counts, and which minutes of older blocks it makes void.
//!
//! A trace is counted when all its documents are in blocks with this flush. One that has a document behind it comes again with
//! the next flush, and is passed over until then. One with links is never counted: what those come to depends on others.

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

    /// Takes a trace that is flushed, and its row.
    pub(super) fn take(
        &mut self,
        live: &Live,
        projection: &Projection,
        row: &TraceRow,
        hot: Option<AtFlush>,
    ) -> Result<(), ArchiveError> {
        let Some(hot) = hot else {
            return self.pass_over(live, row);
        };
        if row.again && !live.is_uncounted(self.rollups.form, row.trace) {
            for minute in hot.before {
                self.rollups.add_void(minute, minute);
            }
        }
        let last_received = row.last_received.max(hot.last_received);
        if !hot.is_whole || !projection.links.is_empty() {
            self.leave_out(row, last_received);
            return Ok(());
        }
        // Who became a member with what is not here yet, is none here.
        let mut groups = row.groups.clone();
        groups.retain(|group| group.joined <= last_received);
        self.builder.add(projection, &groups);
        if row.again {
            self.rollups.older.push(Older {
                since: row.first_received.0,
                first: row.first_received.floor_minute(),
                last: last_received.floor_minute(),
            });
        }
        Ok(())
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

    pub(super) fn finish(self) -> Rollups {
        Rollups {
            parts: self.builder.finish(),
            ..self.rollups
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
