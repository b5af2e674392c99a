//! GetSamplingStatisticSummaries: the last closed ten seconds of each custom rule.

use fluoro_sampling::StatisticSummary;
use fluoro_wire::Call;
use fluoro_wire::json_input::JsonInput;
use serde::Serialize;

use crate::answer::{Answer, to_answer};
use crate::error::XRayError;
use crate::service::XRay;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSamplingStatisticSummariesOutput {
    next_token: Option<String>,
    sampling_statistic_summaries: Vec<StatisticSummaryOutput>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct StatisticSummaryOutput {
    borrow_count: u64,
    request_count: u64,
    rule_name: String,
    sampled_count: u64,
    timestamp: i64,
}

impl XRay {
    /// All rules at once; a token is ignored, as the service does (recorded).
    pub(crate) fn get_sampling_statistic_summaries(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        input.text("NextToken")?;
        let now = self.now();
        let sampling = self.parts.rules.sampling();
        let summaries = sampling.with_book(&call.region.0, |book| book.statistic_summaries(now));
        let summaries = summaries.into_iter().map(StatisticSummaryOutput::of);
        Ok(to_answer(&GetSamplingStatisticSummariesOutput {
            next_token: None,
            sampling_statistic_summaries: summaries.collect(),
        }))
    }
}

impl StatisticSummaryOutput {
    fn of(summary: StatisticSummary) -> Self {
        Self {
            borrow_count: summary.counts.borrowed,
            request_count: summary.counts.requests,
            rule_name: summary.rule_name,
            sampled_count: summary.counts.sampled,
            timestamp: summary.timestamp,
        }
    }
}
