//! What is known of minutes: the parts of blocks, and the traces that are in none, hot and at rest.

use std::ops::Range;
use std::sync::Arc;

use fluoro_model::TraceId;

use super::index::News;
use super::{HotTraces, ScanError};
use crate::archive::range_of;
use crate::rollups::RolledUp;

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
            {
                let index = self.index.lock();
                if !Arc::ptr_eq(&live, &self.archive.live()) {
                    continue;
                }
                for news in index.news(&range, live.watermark) {
                    let News {
                        trace,
                        projection,
                        before,
                    } = news;
                    if !known.uncounted.remove(&trace) {
                        known.void.extend(before);
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
            known.void.retain(|minute| minutes.contains(minute));
            rolled_up.void = known.void;
            rolled_up.parts = known.parts;
            rolled_up
                .parts
                .retain(|(minute, _)| !rolled_up.void.contains(minute));
            return Ok(Some(rolled_up));
        }
    }
}
