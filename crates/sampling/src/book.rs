//! One region's rules in the order in which they are tried, and what became of the requests they matched.

use std::sync::Arc;

use fluoro_model::TimestampMicros;

use crate::boost::Boost;
use crate::change::{RuleChange, RuleError};
use crate::decision::{Decision, How, SampledRequest};
use crate::report::{BoostReport, Report, StatisticSummary, Target};
use crate::reservoir::{Reservoir, per_second};
use crate::rule::{DEFAULT_RULE, RULE_LIMIT, RuleRecord, SamplingRule};
use crate::rule_set::{RuleInForce, RuleSet};
use crate::window::{Counts, Usage, Window};

/// The rules of one region. There is always one: [`DEFAULT_RULE`], which comes last and matches everything.
#[derive(Debug, Clone)]
pub struct Book {
    rules: Arc<RuleSet>,
    /// Of each of the rules, in their order.
    states: Vec<State>,
    modified_at: i64,
}

/// A rule and what it matched.
#[derive(Debug, Clone)]
pub struct RuleUsage {
    /// The rule and its times.
    pub record: RuleRecord,
    /// Since the rule was made, or the server started: clients' reports and in-process decisions together.
    pub total: Counts,
}

/// What became of one rule's requests.
#[derive(Debug, Clone)]
struct State {
    reservoir: Reservoir,
    /// Of all clients and of in-process callers.
    usage: Usage,
    /// Of in-process callers alone.
    local: Usage,
    boost: Boost,
}

impl Book {
    /// Nothing but the rule [`DEFAULT_RULE`].
    #[must_use]
    pub fn new(now: TimestampMicros, default_rule: RuleRecord) -> Self {
        debug_assert!(default_rule.rule.is_default());
        Self {
            states: vec![State::new(&default_rule)],
            rules: Arc::new(RuleSet::new(vec![Arc::new(RuleInForce::new(default_rule))])),
            modified_at: now.floor_second(),
        }
    }

    /// The record that a new rule would get.
    ///
    /// # Errors
    ///
    /// When the name is taken, the region is full, or the boost cannot be.
    pub fn plan_create(
        &self,
        now: TimestampMicros,
        rule: SamplingRule,
    ) -> Result<RuleRecord, RuleError> {
        if self.find(&rule.rule_name).is_some() {
            return Err(RuleError::AlreadyExists);
        }
        if self.rules.rules().len() > RULE_LIMIT {
            return Err(RuleError::LimitExceeded);
        }
        RuleRecord::created(now, rule)
    }

    /// The record that the rule would have after the change.
    ///
    /// # Errors
    ///
    /// When there is no such rule, or the change is impossible.
    pub fn plan_update(
        &self,
        now: TimestampMicros,
        name: &str,
        change: RuleChange,
    ) -> Result<RuleRecord, RuleError> {
        let record = self.find(name).ok_or(RuleError::DoesNotExist)?;
        record.changed(now, change)
    }

    /// The record that would go.
    ///
    /// # Errors
    ///
    /// When there is no such rule, or it is [`DEFAULT_RULE`].
    pub fn plan_delete(&self, name: &str) -> Result<RuleRecord, RuleError> {
        if name == DEFAULT_RULE {
            return Err(RuleError::DefaultIsPermanent);
        }
        let record = self.find(name).ok_or(RuleError::DoesNotExist)?;
        Ok(record.clone())
    }

    /// Puts a rule in force: a new one, or in the place of the one with its name, whose leases and counts it takes over.
    pub fn install(&mut self, record: RuleRecord) {
        self.modified_at = self.modified_at.max(record.modified_at);
        let mut entries = self.entries();
        let new = Arc::new(RuleInForce::new(record));
        match self.rules.named(new.name.as_str()) {
            Some(place) => {
                let (rule, state) = &mut entries[place];
                state.reservoir.resize(new.record.rule.reservoir_size);
                *rule = new;
            }
            None => {
                let state = State::new(&new.record);
                entries.push((new, state));
            }
        }
        entries.sort_by(|(a, _), (b, _)| a.record.rule.evaluation_order(&b.record.rule));
        self.put_in_force(entries);
    }

    /// Takes a custom rule out of force.
    pub fn remove(&mut self, now: TimestampMicros, name: &str) {
        debug_assert_ne!(name, DEFAULT_RULE);
        self.modified_at = self.modified_at.max(now.floor_second());
        let mut entries = self.entries();
        entries.retain(|(rule, _)| rule.name.as_str() != name);
        self.put_in_force(entries);
    }

    /// The same rules, as if nothing had happened yet.
    pub(crate) fn afresh(&self) -> Self {
        let rules = self.rules.rules().iter();
        Self {
            rules: Arc::clone(&self.rules),
            states: rules.map(|rule| State::new(&rule.record)).collect(),
            modified_at: self.modified_at,
        }
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// When a rule last changed, in seconds since the epoch; the start of the book when none did since.
    #[must_use]
    pub fn modified_at(&self) -> i64 {
        self.modified_at
    }

    /// All rules, by name, [`DEFAULT_RULE`] last, as `GetSamplingRules` lists them.
    #[must_use]
    pub fn usage(&self) -> Vec<RuleUsage> {
        let rules = self.rules.rules().iter().zip(&self.states);
        let mut rules: Vec<RuleUsage> = rules
            .map(|(rule, state)| RuleUsage {
                record: rule.record.clone(),
                total: state.usage.total(),
            })
            .collect();
        rules.sort_by(|a, b| {
            let key = |usage: &RuleUsage| {
                let rule = &usage.record.rule;
                (rule.is_default(), rule.rule_name.clone())
            };
            key(a).cmp(&key(b))
        });
        rules
    }

    /// Decides on a request of an in-process caller. `fraction` is evenly distributed in `[0, 1)`.
    pub fn decide(
        &mut self,
        now: TimestampMicros,
        fraction: f64,
        request: &SampledRequest<'_>,
    ) -> Decision {
        let position = self.rules.position(request);
        self.decide_by(position, now, fraction)
    }

    /// Decides by the rule at this place of the [rules](Self::rules).
    pub(crate) fn decide_by(
        &mut self,
        position: usize,
        now: TimestampMicros,
        fraction: f64,
    ) -> Decision {
        self.states[position].decide(&self.rules.rules()[position], now, fraction)
    }

    /// Takes a client's report and tells it what to do. `None` when there is no such rule.
    pub fn target(&mut self, now: TimestampMicros, report: &Report) -> Option<Target> {
        let position = self.rules.named(&report.rule_name)?;
        let (rule, state) = (&self.rules.rules()[position], &mut self.states[position]);
        state.usage.add(now, report.counts);
        let local_demand = state.local_demand(now);
        let requests = report.counts.requests;
        Some(Target {
            rule_name: report.rule_name.clone(),
            fixed_rate: rule.record.rule.fixed_rate,
            quota: state
                .reservoir
                .renew(now, &report.client_id, requests, local_demand),
            boost: rule.terms().and_then(|terms| state.boost.rate(now, &terms)),
        })
    }

    /// Takes what a service saw of anomalies; nothing comes of it where the rule has no boost. `false` when there is no
    /// such rule.
    pub fn anomalies(&mut self, now: TimestampMicros, report: &BoostReport) -> bool {
        let Some(position) = self.rules.named(&report.rule_name) else {
            return false;
        };
        if let Some(terms) = self.rules.rules()[position].terms() {
            let missed = report.anomalies.saturating_sub(report.sampled_anomalies);
            let boost = &mut self.states[position].boost;
            boost.report(now, &terms, &report.service_name, missed);
        }
        true
    }

    /// Whether there is a rule of this name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.rules.named(name).is_some()
    }

    /// What became of each custom rule's requests in the last closed window; zeros where nothing happened.
    #[must_use]
    pub fn statistic_summaries(&self, now: TimestampMicros) -> Vec<StatisticSummary> {
        let timestamp = Window::of(now).before().start();
        let rules = self.rules.rules().iter().zip(&self.states);
        rules
            .filter(|(rule, _)| !rule.record.rule.is_default())
            .map(|(rule, state)| StatisticSummary {
                rule_name: rule.record.rule.rule_name.clone(),
                timestamp,
                counts: state.usage.last_closed(now),
            })
            .collect()
    }

    fn find(&self, name: &str) -> Option<&RuleRecord> {
        let place = self.rules.named(name)?;
        Some(&self.rules.rules()[place].record)
    }

    fn entries(&mut self) -> Vec<(Arc<RuleInForce>, State)> {
        let states = std::mem::take(&mut self.states);
        self.rules.rules().iter().cloned().zip(states).collect()
    }

    fn put_in_force(&mut self, entries: Vec<(Arc<RuleInForce>, State)>) {
        let (rules, states) = entries.into_iter().unzip();
        self.rules = Arc::new(RuleSet::new(rules));
        self.states = states;
    }
}

impl State {
    fn new(record: &RuleRecord) -> Self {
        Self {
            reservoir: Reservoir::new(record.rule.reservoir_size),
            usage: Usage::default(),
            local: Usage::default(),
            boost: Boost::default(),
        }
    }

    fn decide(&mut self, rule: &RuleInForce, now: TimestampMicros, fraction: f64) -> Decision {
        let name = rule.name.clone();
        let by_rate = fraction < rule.record.rule.fixed_rate;
        let terms = rule.terms();
        let mut by_boost = || {
            let boost = terms.and_then(|terms| self.boost.rate(now, &terms));
            boost.is_some_and(|boost| fraction < boost.rate)
        };
        let (sampled, how) = if self.reservoir.take(now) {
            (true, How::Reservoir { rule: name })
        } else if !by_rate && by_boost() {
            (true, How::Boost { rule: name })
        } else {
            (by_rate, How::Rate { rule: name })
        };
        let counts = Counts {
            requests: 1,
            sampled: u64::from(sampled),
            borrowed: 0,
        };
        self.usage.add(now, counts);
        self.local.add(now, counts);
        Decision { sampled, how }
    }

    /// The requests per second of in-process callers; `None` when there were none for ten seconds or so.
    fn local_demand(&self, now: TimestampMicros) -> Option<u32> {
        let last = self.local.last_closed(now).requests;
        let so_far = self.local.so_far(now).requests;
        let recent = last.max(so_far);
        (recent > 0).then(|| per_second(recent))
    }
}

#[cfg(test)]
mod tests;
