//! A sampling rule, as the API has it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The name of the rule that is always there, comes last and matches everything.
pub const DEFAULT_RULE: &str = "Default";

/// Custom rules per region. Source: AWS General Reference, X-Ray quotas.
pub const RULE_LIMIT: usize = 25;

/// One rule. The constraints of the API model hold; whoever makes one from untrusted input checks them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SamplingRule {
    /// Unique in its account and region; 1 to 32 characters.
    pub rule_name: String,
    /// Ascending order of evaluation: 1 to 9999, and 10000 for the rule [`DEFAULT_RULE`].
    pub priority: u16,
    /// The share of requests kept beyond the reservoir, 0 to 1.
    pub fixed_rate: f64,
    /// Requests kept per second before the rate applies, for all clients together.
    pub reservoir_size: u32,
    /// Pattern for the service's name.
    pub service_name: String,
    /// Pattern for the service's type, a segment's origin.
    pub service_type: String,
    /// Pattern for the `Host` header.
    pub host: String,
    /// Pattern for the request's method.
    pub http_method: String,
    /// Pattern for the request's path.
    pub url_path: String,
    /// Pattern for the ARN of what is called.
    pub resource_arn: String,
    /// Patterns for attributes by name; each must be there and match.
    pub attributes: BTreeMap<String, String>,
    /// How far clients may raise the rate on anomalies.
    pub sampling_rate_boost: Option<SamplingRateBoost>,
}

/// Adaptive sampling of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SamplingRateBoost {
    /// The highest rate, 0 to 1.
    pub max_rate: f64,
    /// The minutes between two boosts.
    pub cooldown_window_minutes: u32,
}

/// A rule and its times, in whole seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleRecord {
    /// The rule.
    pub rule: SamplingRule,
    /// When it was created; 0 for the rule [`DEFAULT_RULE`].
    pub created_at: i64,
    /// When it was last written, even without a change; 0 for a [`DEFAULT_RULE`] that never was.
    pub modified_at: i64,
}

impl SamplingRule {
    /// The rule that every account has: one request per second, then 5 %. Source: recorded.
    #[must_use]
    pub fn default_rule() -> Self {
        let anything = || "*".to_owned();
        Self {
            rule_name: DEFAULT_RULE.to_owned(),
            priority: 10_000,
            fixed_rate: 0.05,
            reservoir_size: 1,
            service_name: anything(),
            service_type: anything(),
            host: anything(),
            http_method: anything(),
            url_path: anything(),
            resource_arn: anything(),
            attributes: BTreeMap::new(),
            sampling_rate_boost: None,
        }
    }

    /// Whether it is the rule that is always there.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.rule_name == DEFAULT_RULE
    }

    /// The order of evaluation: by priority, ties by name, [`DEFAULT_RULE`] last by its priority.
    #[must_use]
    pub fn evaluation_order(&self, other: &Self) -> Ordering {
        (self.priority, &self.rule_name).cmp(&(other.priority, &other.rule_name))
    }
}

impl RuleRecord {
    /// The rule [`DEFAULT_RULE`], never changed.
    #[must_use]
    pub fn default_record() -> Self {
        Self {
            rule: SamplingRule::default_rule(),
            created_at: 0,
            modified_at: 0,
        }
    }

    /// The rule [`DEFAULT_RULE`] at a rate of 1, so that whatever no other rule matches is kept.
    #[must_use]
    pub fn default_keeping_all() -> Self {
        let mut record = Self::default_record();
        record.rule.fixed_rate = 1.0;
        record
    }
}
