//! A list of traces that is followed: what GetTraceSummaries would tell of a trace, asked about each as it changes.

use std::ops::Range;

use fluoro_filter::Filter;
use fluoro_model::TimestampMicros;
use fluoro_query::groups::Scope;
use fluoro_query::{Selection, TimeRange, TimeRangeType};
use fluoro_trace::Projection;
use fluoro_wire::{AccountId, JsonError, Region};
use serde_json::value::RawValue;

use crate::error::XRayError;
use crate::search::Unindexed;
use crate::service::XRay;
use crate::summaries::output::TraceSummaryOutput;

/// What somebody wants to hear of.
#[derive(Debug)]
pub struct Following {
    account: AccountId,
    selection: Selection,
    unindexed: Unindexed,
}

impl XRay {
    /// Follows the traces that a filter expression finds. Groups that it names are those of this moment, and so is what
    /// is indexed.
    ///
    /// # Errors
    ///
    /// When GetTraceSummaries would refuse the expression.
    pub fn follow(
        &self,
        account: &AccountId,
        region: &Region,
        expression: &str,
    ) -> Result<Following, JsonError> {
        let ever = TimestampMicros(i64::MIN)..TimestampMicros(i64::MAX);
        let (selection, unindexed) = self.selection(account, region, ever, expression)?;
        Ok(Following {
            account: account.clone(),
            selection,
            unindexed,
        })
    }

    /// The traces that began in a range and that an expression finds, and which of them are not indexed now.
    pub(crate) fn selection(
        &self,
        account: &AccountId,
        region: &Region,
        range: Range<TimestampMicros>,
        expression: &str,
    ) -> Result<(Selection, Unindexed), JsonError> {
        let scope = Scope::new(&*account.0, &*region.0);
        let groups = self.parts.groups.expressions(&scope);
        let understood = || {
            let expression = fluoro_filter::parse(expression)?;
            Ok(Filter::new(&expression, &groups)?)
        };
        let filter = understood().map_err(XRayError::on_the_wire)?;
        let range = TimeRange {
            range,
            by: TimeRangeType::TraceId,
        };
        let unindexed = self.unindexed_in(&format!("{scope}/"));
        Ok((Selection { range, filter }, unindexed))
    }
}

/// Whether GetTraceSummaries would tell of the trace.
pub(crate) fn has(selection: &Selection, unindexed: Unindexed, projection: &Projection) -> bool {
    selection.range.place(projection).is_some()
        && !unindexed.has(projection.id, projection.first_received)
        && selection.matched(projection).is_some()
}

impl Following {
    /// The summary of a trace, if it is one of these.
    #[must_use]
    pub fn summary(&self, projection: &Projection) -> Option<Box<RawValue>> {
        let Self {
            account,
            selection,
            unindexed,
        } = self;
        has(selection, *unindexed, projection)
            .then(|| TraceSummaryOutput::of(&account.0, selection, projection))
            .and_then(|summary| serde_json::value::to_raw_value(&summary).ok())
    }
}
