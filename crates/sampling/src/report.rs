//! What clients report and what they are told, in the words of `GetSamplingTargets`.

use std::sync::Arc;

use crate::boost::BoostRate;
use crate::reservoir::Quota;
use crate::window::Counts;

/// A client: 24 characters that it chose for itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub Arc<str>);

/// One client's statistics for one rule, over about ten seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The rule.
    pub rule_name: String,
    /// Who reports.
    pub client_id: ClientId,
    /// What it saw.
    pub counts: Counts,
}

/// One service's anomalies under one rule with a boost, over about ten seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoostReport {
    /// The rule.
    pub rule_name: String,
    /// The service.
    pub service_name: String,
    /// Requests that were anomalous.
    pub anomalies: u64,
    /// Anomalous requests that were recorded.
    pub sampled_anomalies: u64,
}

/// What a client shall do from now on.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The rule.
    pub rule_name: String,
    /// The rate beyond the quota.
    pub fixed_rate: f64,
    /// The client's part of the reservoir; not yet, after the first report.
    pub quota: Option<Quota>,
    /// The rate in place of `fixed_rate` for a while.
    pub boost: Option<BoostRate>,
}

/// What happened to a rule's requests in the last closed window, all clients together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatisticSummary {
    /// The rule.
    pub rule_name: String,
    /// The window's start, in seconds since the epoch.
    pub timestamp: i64,
    /// The sums.
    pub counts: Counts,
}
