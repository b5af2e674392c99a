//! All traces of a range that a filter expression finds, by their ids: what is to be handed on.

use std::ops::Range;
use std::sync::Arc;

use fluoro_model::{TimestampMicros, TraceId};
use fluoro_query::{Position, Selection};
use fluoro_store::scan::{Scan, ScanError};
use fluoro_wire::{AccountId, JsonError, Region};

use crate::following;
use crate::search::Unindexed;
use crate::service::XRay;

/// At most so many traces are looked for at once.
const ROWS: usize = 10_000;

/// What is wanted.
#[derive(Debug)]
pub struct Choosing {
    scan: Arc<dyn Scan>,
    selection: Arc<Selection>,
    unindexed: Unindexed,
}

impl XRay {
    /// The traces that began in a range and that a filter expression finds; all that GetTraceSummaries would tell of, were
    /// its range not bounded.
    ///
    /// # Errors
    ///
    /// When GetTraceSummaries would refuse the expression.
    pub fn choose(
        &self,
        account: &AccountId,
        region: &Region,
        range: Range<TimestampMicros>,
        expression: &str,
    ) -> Result<Choosing, JsonError> {
        let (selection, unindexed) = self.selection(account, region, range, expression)?;
        Ok(Choosing {
            scan: Arc::clone(&self.parts.scan),
            selection: Arc::new(selection),
            unindexed,
        })
    }
}

impl Choosing {
    /// Their ids, in ascending order.
    ///
    /// # Errors
    ///
    /// When traces cannot be read.
    pub async fn ids(&self) -> Result<Vec<TraceId>, ScanError> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let candidates = self.selection.latest(after, ROWS, ROWS);
            let mut found = self.scan.open(&candidates).await?;
            let mut held = found.share();
            while let Some(batch) = found.next().await? {
                let (selection, unindexed) = (Arc::clone(&self.selection), self.unindexed);
                let chosen = tokio::task::spawn_blocking(move || {
                    let wanted = batch.projections.iter();
                    let wanted =
                        wanted.filter(|trace| following::has(&selection, unindexed, trace));
                    wanted.map(|trace| trace.id).collect::<Vec<TraceId>>()
                });
                ids.extend(chosen.await.map_err(|_| ScanError::Closed)?);
                held.set(size_of_val(&*ids))?;
            }
            match found.rest {
                Some((time, trace)) => after = Some(Position(time, trace)),
                None => break,
            }
        }
        ids.sort_unstable();
        // Between two scans, an earlier segment may have moved a trace that was found before.
        ids.dedup();
        Ok(ids)
    }
}
