//! A region's rules at one moment, in the order in which they are tried. Never changed: a change makes a new one.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::boost::Terms;
use crate::decision::SampledRequest;
use crate::matching::{Compared, Matcher};
use crate::rule::RuleRecord;

/// A rule's name, cheap to hand on.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuleName(Arc<str>);

/// Rules in force. The last one fits every request.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Arc<RuleInForce>>,
}

/// One rule, ready to be tried.
#[derive(Debug)]
pub(crate) struct RuleInForce {
    pub(crate) name: RuleName,
    pub(crate) record: RuleRecord,
    matcher: Matcher,
}

/// Why the first rule that fits a request is the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Those that were tried before it.
    pub passed_over: Vec<PassedOver>,
    /// The first that fits.
    pub rule: RuleName,
    /// Its priority.
    pub priority: u16,
    /// Its patterns that are more than `*`, beside what the request had; none of them: it fits everything.
    pub because: Vec<Compared>,
}

/// A rule that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PassedOver {
    /// The rule.
    pub rule: RuleName,
    /// Its priority.
    pub priority: u16,
    /// Its patterns that do not fit.
    pub because: Vec<Compared>,
}

// === impl RuleSet ===

impl RuleSet {
    /// From rules in the order of evaluation.
    pub(crate) fn new(rules: Vec<Arc<RuleInForce>>) -> Self {
        debug_assert!(
            rules
                .last()
                .is_some_and(|last| last.record.rule.is_default())
        );
        Self { rules }
    }

    /// The place of the first rule that fits.
    pub(crate) fn position(&self, request: &SampledRequest<'_>) -> usize {
        let fitting = self.rules.iter().position(|rule| rule.fits(request));
        fitting.expect("the default rule fits every request")
    }

    pub(crate) fn rules(&self) -> &[Arc<RuleInForce>] {
        &self.rules
    }

    /// The place of the rule of this name.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.rules
            .iter()
            .position(|rule| rule.name.as_str() == name)
    }

    /// Whether the rule of this name has a boost.
    pub(crate) fn boosts(&self, name: &str) -> bool {
        let mut boosting = self.rules.iter().filter(|rule| rule.terms().is_some());
        boosting.any(|rule| rule.name.as_str() == name)
    }

    /// Which rule a request comes to, and why none of those before it.
    #[must_use]
    pub fn explain(&self, request: &SampledRequest<'_>) -> Explanation {
        let (before, from) = self.rules.split_at(self.position(request));
        let passed_over = before.iter().map(|rule| PassedOver {
            rule: rule.name.clone(),
            priority: rule.record.rule.priority,
            because: rule.matcher.compare(&rule.record.rule, request).0,
        });
        let first = &from[0];
        Explanation {
            passed_over: passed_over.collect(),
            rule: first.name.clone(),
            priority: first.record.rule.priority,
            because: first.matcher.compare(&first.record.rule, request).1,
        }
    }
}

// === impl RuleInForce ===

impl RuleInForce {
    pub(crate) fn new(record: RuleRecord) -> Self {
        Self {
            name: RuleName::from(record.rule.rule_name.as_str()),
            matcher: Matcher::new(&record.rule),
            record,
        }
    }

    pub(crate) fn fits(&self, request: &SampledRequest<'_>) -> bool {
        self.matcher.fits(request)
    }

    /// What it says of boosts, if it says anything.
    pub(crate) fn terms(&self) -> Option<Terms> {
        let rule = &self.record.rule;
        rule.sampling_rate_boost.map(|boost| Terms {
            boost,
            fixed_rate: rule.fixed_rate,
        })
    }
}

// === impl RuleName ===

impl RuleName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RuleName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Debug for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for RuleName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
