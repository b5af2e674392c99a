//! What is known of minutes: the parts of blocks, and the traces that are in none, hot and at rest.

use std::ops::Range;
use std::sync::Arc;

use fluoro_block::traces::Membership;
use fluoro_model::TraceId;
use fluoro_trace::Projection;

use super::counting::{as_counted, stretch_of};
use super::index::News;
use super::{HotTraces, ScanError};
use crate::archive::{ArchiveError, Live, range_of};
use crate::rollups::RolledUp;

/// Traces that come again, as they were before.
struct Before {
    /// With their groups.
    counted: Vec<(Arc<Projection>, Vec<Membership>)>,
    /// First and last minutes.
    void: Vec<(i64, i64)>,
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
    ) -> Result<Option<RolledUp>, ScanError> {
        let Some(maker) = self.observers.rollup_maker() else {
            return Ok(None);
        };
        self.refresh_all().await?;
        let _looking = self.looking.look();
        let range = range_of(&minutes);
        loop {
            let live = self.archive.live();
            let asked = (Arc::clone(&live), of.to_owned(), minutes.clone());
            let (form, look) = (maker.form(), asked);
            let known = self.searching(move || look.0.minutes(form, &look.1, &look.2));
            let mut known = known.await??;
            let mut rolled_up = RolledUp::default();
            let (mut cold, mut at_rest): (Vec<TraceId>, Vec<TraceId>) = Default::default();
            let mut again: Vec<TraceId> = Vec::new();
            {
                let index = self.index.lock();
                if !Arc::ptr_eq(&live, &self.archive.live()) {
                    continue;
                }
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
                        Some(projection) => rolled_up.projections.push(projection),
                        None => cold.push(trace),
                    }
                }
                for trace in known.uncounted {
                    match index.projection(trace) {
                        Some(projection) => rolled_up.projections.push(projection),
                        None => at_rest.push(trace),
                    }
                }
            }
            for trace in cold {
                rolled_up.projections.extend(self.by_id(trace).await?);
            }
            let made = self.project_at_rest(&live, at_rest).await?;
            rolled_up.projections.extend(made);
            let before = self.counted_before(&live, form, again).await?;
            rolled_up.counted = before.counted;
            let is_void = |minute: &i64| {
                let mut stretches = before.void.iter();
                stretches.any(|(first, last)| (first..=last).contains(&minute))
            };
            known.void.extend(minutes.clone().filter(is_void));
            rolled_up.void = known.void;
            rolled_up.parts = known.parts;
            rolled_up
                .parts
                .retain(|(minute, _)| !rolled_up.void.contains(minute));
            return Ok(Some(rolled_up));
        }
    }

    /// Those of the traces that are in parts, as they are there; where that cannot be told, the stretches of minutes that
    /// have to be made of all projections.
    async fn counted_before(
        &self,
        live: &Arc<Live>,
        form: u32,
        traces: Vec<TraceId>,
    ) -> Result<Before, ScanError> {
        let look = Arc::clone(live);
        let looked = self.searching(move || {
            let (mut rows, mut unknown) = (Vec::new(), Vec::new());
            for trace in traces {
                match look.counted(form, trace) {
                    Err(error) if error.is_damage() => unknown.extend(look.stretch_of(trace)?),
                    row => rows.extend(row?),
                }
            }
            Ok::<_, ArchiveError>((rows, unknown))
        });
        let (rows, mut void) = looked.await??;
        let traces = rows.iter().map(|row| row.trace).collect();
        let projections = self.project_at_rest(live, traces).await?;
        let mut counted = Vec::new();
        for row in rows {
            match as_counted(&row, &projections) {
                Some(projection) => counted.push((Arc::clone(projection), row.groups)),
                None => void.push(stretch_of(&row)),
            }
        }
        Ok(Before { counted, void })
    }
}
