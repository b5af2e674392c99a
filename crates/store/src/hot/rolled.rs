//! What is known of minutes: the parts of blocks, and the traces that are in none, hot and at rest.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use fluoro_model::TraceId;

use super::batches::{HotBatches, Places};
use super::cold::TRACES_A_TURN;
use super::counting::{as_counted, stretch_of};
use super::index::News;
use super::lately::MOST_AT_ONCE;
use super::{HotTraces, ScanError};
use crate::archive::{ArchiveError, Live, range_of};
use crate::rollups::{Counted, CountedBatch, CountedBatches, RolledUp};
use crate::scan::{Finding, Turn, weight};

/// Makes traces that come again, as they were before.
struct Before<'h> {
    hot: &'h HotTraces,
    live: Arc<Live>,
    form: u32,
    traces: Vec<TraceId>,
    are_few: bool,
    made: usize,
    turn: Option<Turn>,
}

impl HotTraces {
    /// What is known of the minutes, of all traces or of a group's; `None` when nobody wants anything to be kept of minutes.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub async fn minutes(
        &self,
        of: &str,
        minutes: Range<i64>,
    ) -> Result<Option<RolledUp<'_>>, ScanError> {
        let Some(maker) = self.observers.rollup_maker() else {
            return Ok(None);
        };
        self.refresh_all().await?;
        let _looking = self.looking.look();
        let (range, form) = (range_of(&minutes), maker.form());
        loop {
            let live = self.archive.live();
            let asked = (Arc::clone(&live), of.to_owned(), minutes.clone());
            let look = asked;
            let known = self.searching(move || look.0.minutes(form, &look.1, &look.2));
            let mut known = known.await??;
            let mut places = Places::default();
            let mut again: Vec<TraceId> = Vec::new();
            {
                let index = self.index.lock();
                if !Arc::ptr_eq(&live, &self.archive.live()) {
                    continue;
                }
                // Nobody asks in which order they are told.
                let at = range.start;
                for news in index.news(&range, live.watermark) {
                    let News {
                        trace,
                        projection,
                        may_be_at_rest,
                    } = news;
                    if !known.uncounted.remove(&trace) && may_be_at_rest {
                        again.push(trace);
                    }
                    match projection {
                        Some(projection) => places.ready.push((at, projection)),
                        None => places.cold.push((at, trace)),
                    }
                }
                for trace in known.uncounted {
                    match index.projection(trace) {
                        Some(projection) => places.ready.push((at, projection)),
                        None => places.at_rest.push((at, trace)),
                    }
                }
            }
            let mut held = self.budget.share();
            held.set(places.bytes() + size_of_val(&*again))?;
            let before = Before {
                hot: self,
                live: Arc::clone(&live),
                form,
                are_few: again.len() <= MOST_AT_ONCE,
                traces: again,
                made: 0,
                turn: None,
            };
            let batches = HotBatches::new(self, live, places, None, None, held);
            let void = known.void;
            let mut parts = known.parts;
            parts.retain(|(minute, _)| !void.contains(minute));
            return Ok(Some(RolledUp {
                parts,
                void,
                projections: Finding::new(Box::new(batches), Arc::clone(&self.budget)),
                counted: Counted::new(Box::new(before)),
            }));
        }
    }
}

// === impl Before ===

#[async_trait]
impl CountedBatches for Before<'_> {
    /// Those that are in parts, as they are there; where that cannot be told, the stretches of minutes that have to be made of
    /// all projections.
    async fn next(&mut self) -> Result<Option<CountedBatch>, ScanError> {
        if self.traces.is_empty() {
            return Ok(None);
        }
        if self.made >= MOST_AT_ONCE && self.turn.is_none() {
            self.turn = Some(self.hot.budget.turn().await?);
        }
        let left = self.traces.len().saturating_sub(TRACES_A_TURN);
        let traces = self.traces.split_off(left);
        self.made += traces.len();
        let (live, form) = (Arc::clone(&self.live), self.form);
        let looked = self.hot.searching(move || {
            let (mut rows, mut unknown) = (Vec::new(), Vec::new());
            for trace in traces {
                match live.counted(form, trace) {
                    Err(error) if error.is_damage() => unknown.extend(live.stretch_of(trace)?),
                    row => rows.extend(row?),
                }
            }
            Ok::<_, ArchiveError>((rows, unknown))
        });
        let (rows, mut void) = looked.await??;
        let traces = rows.iter().map(|row| row.trace).collect();
        let projections = match self.are_few {
            true => self.hot.project_at_rest(&self.live, traces).await?,
            false => self.hot.project_many(&self.live, traces).await?,
        };
        let mut held = self.hot.budget.share();
        let bytes = projections.iter().map(|made| weight(made));
        held.set(bytes.sum())?;
        let mut traces = Vec::new();
        for row in rows {
            match as_counted(&row, &projections) {
                Some(projection) => traces.push((Arc::clone(projection), row.groups)),
                None => void.push(stretch_of(&row)),
            }
        }
        Ok(Some(CountedBatch { traces, void, held }))
    }
}
