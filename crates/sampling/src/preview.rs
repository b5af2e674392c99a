//! What a rule would have kept, had it been in force: the last requests, decided on once more.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::book::Book;
use crate::decision::{How, SampledRequest};
use crate::recent::RecentRequest;
use crate::rule::RuleRecord;
use crate::rule_set::{RuleInForce, RuleName};

/// What would have been, beside what was. Counts are requests.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Preview {
    /// Those that were decided on once more.
    pub requests: usize,
    /// Those on which no rule was asked, because the caller's header decided or the stage does not trace.
    pub not_asked: usize,
    /// Those of which not everything was kept, so that a rule may see them otherwise than it would have.
    pub cut: usize,
    /// From the first to the last of them, at least one.
    pub seconds: f64,
    /// Those that would have come to this rule.
    pub matched: usize,
    /// Of those, the ones that its reservoir would have kept.
    pub kept_by_reservoir: usize,
    /// And the ones that chance would have kept, this time.
    pub kept_by_rate: usize,
    /// What its rate keeps on average of what its reservoir would have left.
    pub expected_by_rate: f64,
    /// All that would have been kept of those that matched.
    pub kept: usize,
    /// The same a second.
    pub kept_per_second: f64,
    /// What was kept of them.
    pub kept_before: usize,
    /// The same a second.
    pub kept_before_per_second: f64,
    /// What all rules together would have kept.
    pub all_kept: usize,
    /// What they did keep.
    pub all_kept_before: usize,
    /// The rules that decided on those that matched.
    pub taken_from: BTreeMap<RuleName, usize>,
    /// The rules before this one that would have decided on requests that fit it.
    pub hidden_by: BTreeMap<RuleName, usize>,
}

impl Book {
    /// Decides on `requests` once more, with `rule` in force beside the others or in the place of the one with its name.
    ///
    /// Reservoirs begin whole, nothing is leased to clients, and no rate is raised. `fraction` is evenly distributed in
    /// `[0, 1)`.
    #[must_use]
    pub fn preview(
        &self,
        rule: RuleRecord,
        mut requests: Vec<RecentRequest>,
        mut fraction: impl FnMut() -> f64,
    ) -> Preview {
        let before = requests.len();
        requests.retain(|request| request.decision.how.rule().is_some());
        requests.sort_by_key(|request| (request.received, request.number));
        let alone = RuleInForce::new(rule.clone());
        let mut book = self.afresh();
        book.install(rule);
        let mut preview = Preview::of_none(before - requests.len(), &requests);
        for request in &requests {
            let (decision, fits) = request.seen(|seen: &SampledRequest<'_>| {
                let decision = book.decide(request.received, fraction(), seen);
                (decision, alone.fits(seen))
            });
            let was = &request.decision;
            preview.all_kept += usize::from(decision.sampled);
            preview.all_kept_before += usize::from(was.sampled);
            let Some(decided_by) = decision.how.rule() else {
                continue;
            };
            if *decided_by != alone.name {
                if fits {
                    *preview.hidden_by.entry(decided_by.clone()).or_default() += 1;
                }
                continue;
            }
            preview.matched += 1;
            preview.kept_before += usize::from(was.sampled);
            if let Some(rule) = was.how.rule().filter(|rule| **rule != alone.name) {
                *preview.taken_from.entry(rule.clone()).or_default() += 1;
            }
            match decision.how {
                How::Reservoir { .. } => preview.kept_by_reservoir += 1,
                _ => {
                    preview.expected_by_rate += alone.record.rule.fixed_rate;
                    preview.kept_by_rate += usize::from(decision.sampled);
                }
            }
        }
        preview.sum_up()
    }
}

impl Preview {
    fn of_none(not_asked: usize, requests: &[RecentRequest]) -> Self {
        let time =
            |request: Option<&RecentRequest>| request.map_or(0.0, |one| one.received.seconds());
        let seconds = time(requests.last()) - time(requests.first());
        Self {
            requests: requests.len(),
            not_asked,
            cut: requests.iter().filter(|request| request.cut).count(),
            seconds: seconds.max(1.0),
            matched: 0,
            kept_by_reservoir: 0,
            kept_by_rate: 0,
            expected_by_rate: 0.0,
            kept: 0,
            kept_per_second: 0.0,
            kept_before: 0,
            kept_before_per_second: 0.0,
            all_kept: 0,
            all_kept_before: 0,
            taken_from: BTreeMap::new(),
            hidden_by: BTreeMap::new(),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "so many requests are not remembered"
    )]
    fn sum_up(mut self) -> Self {
        self.kept = self.kept_by_reservoir + self.kept_by_rate;
        self.kept_per_second = self.kept as f64 / self.seconds;
        self.kept_before_per_second = self.kept_before as f64 / self.seconds;
        self
    }
}

#[cfg(test)]
mod tests;
