//! One region's rules in the order in which they are tried, and what became of the requests they matched.

use fluoro_model::TimestampMicros;

use crate::change::{RuleChange, RuleError};
use crate::decision::{Decision, How, SampledRequest};
use crate::matching::Matcher;
use crate::report::{Report, StatisticSummary, Target};
use crate::reservoir::{Reservoir, per_second};
use crate::rule::{DEFAULT_RULE, RULE_LIMIT, RuleRecord, SamplingRule};
use crate::window::{Counts, Usage, Window};

/// The rules of one region. There is always one: [`DEFAULT_RULE`], which comes last and matches everything.
#[derive(Debug, Clone)]
pub struct Book {
    /// In the order of evaluation.
    entries: Vec<Entry>,
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

#[derive(Debug, Clone)]
struct Entry {
    record: RuleRecord,
    matcher: Matcher,
    reservoir: Reservoir,
    /// Of all clients and of in-process callers.
    usage: Usage,
    /// Of in-process callers alone.
    local: Usage,
}

impl Book {
    /// Nothing but the rule [`DEFAULT_RULE`].
    #[must_use]
    pub fn new(now: TimestampMicros, default_rule: RuleRecord) -> Self {
        debug_assert!(default_rule.rule.is_default());
        Self {
            entries: vec![Entry::new(default_rule)],
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
        if self.entries.len() > RULE_LIMIT {
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
        let entry = self.find(name).ok_or(RuleError::DoesNotExist)?;
        entry.record.changed(now, change)
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
        let entry = self.find(name).ok_or(RuleError::DoesNotExist)?;
        Ok(entry.record.clone())
    }

    /// Puts a rule in force: a new one, or in the place of the one with its name, whose leases and counts it takes over.
    pub fn install(&mut self, record: RuleRecord) {
        self.modified_at = self.modified_at.max(record.modified_at);
        match self.find_mut(&record.rule.rule_name) {
            Some(entry) => entry.replace(record),
            None => self.entries.push(Entry::new(record)),
        }
        self.entries
            .sort_by(|a, b| a.record.rule.evaluation_order(&b.record.rule));
    }

    /// Takes a custom rule out of force.
    pub fn remove(&mut self, now: TimestampMicros, name: &str) {
        debug_assert_ne!(name, DEFAULT_RULE);
        self.modified_at = self.modified_at.max(now.floor_second());
        self.entries
            .retain(|entry| entry.record.rule.rule_name != name);
    }

    /// When a rule last changed, in seconds since the epoch; the start of the book when none did since.
    #[must_use]
    pub fn modified_at(&self) -> i64 {
        self.modified_at
    }

    /// All rules, by name, [`DEFAULT_RULE`] last, as `GetSamplingRules` lists them.
    #[must_use]
    pub fn usage(&self) -> Vec<RuleUsage> {
        let mut rules: Vec<RuleUsage> = self
            .entries
            .iter()
            .map(|entry| RuleUsage {
                record: entry.record.clone(),
                total: entry.usage.total(),
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
        let fitting = self
            .entries
            .iter_mut()
            .find(|entry| entry.matcher.fits(request));
        fitting
            .expect("the default rule fits every request")
            .decide(now, fraction)
    }

    /// Takes a client's report and tells it what to do. `None` when there is no such rule.
    pub fn target(&mut self, now: TimestampMicros, report: &Report) -> Option<Target> {
        let entry = self.find_mut(&report.rule_name)?;
        entry.usage.add(now, report.counts);
        let local_demand = entry.local_demand(now);
        let requests = report.counts.requests;
        Some(Target {
            rule_name: report.rule_name.clone(),
            fixed_rate: entry.record.rule.fixed_rate,
            quota: entry
                .reservoir
                .renew(now, &report.client_id, requests, local_demand),
        })
    }

    /// Whether there is a rule of this name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// What became of each custom rule's requests in the last closed window; zeros where nothing happened.
    #[must_use]
    pub fn statistic_summaries(&self, now: TimestampMicros) -> Vec<StatisticSummary> {
        let timestamp = Window::of(now).before().start();
        let custom = self
            .entries
            .iter()
            .filter(|entry| !entry.record.rule.is_default());
        custom
            .map(|entry| StatisticSummary {
                rule_name: entry.record.rule.rule_name.clone(),
                timestamp,
                counts: entry.usage.last_closed(now),
            })
            .collect()
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        let named = |entry: &&Entry| entry.record.rule.rule_name == name;
        self.entries.iter().find(named)
    }

    fn find_mut(&mut self, name: &str) -> Option<&mut Entry> {
        let named = |entry: &&mut Entry| entry.record.rule.rule_name == name;
        self.entries.iter_mut().find(named)
    }
}

impl Entry {
    fn new(record: RuleRecord) -> Self {
        Self {
            matcher: Matcher::new(&record.rule),
            reservoir: Reservoir::new(record.rule.reservoir_size),
            usage: Usage::default(),
            local: Usage::default(),
            record,
        }
    }

    fn replace(&mut self, record: RuleRecord) {
        self.matcher = Matcher::new(&record.rule);
        self.reservoir.resize(record.rule.reservoir_size);
        self.record = record;
    }

    fn decide(&mut self, now: TimestampMicros, fraction: f64) -> Decision {
        let from_reservoir = self.reservoir.take(now);
        let sampled = from_reservoir || fraction < self.record.rule.fixed_rate;
        let counts = Counts {
            requests: 1,
            sampled: u64::from(sampled),
            borrowed: 0,
        };
        self.usage.add(now, counts);
        self.local.add(now, counts);
        let rule = self.record.rule.rule_name.clone();
        let how = if from_reservoir {
            How::Reservoir { rule }
        } else {
            How::Rate { rule }
        };
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
