//! Sampling: which requests are recorded, and why.
//!
//! [`Sampling`] is the handle that everybody shares: the gateway asks it through [`Sampler`], the X-Ray API changes
//! rules and hands out quotas through it. Below it everything is pure and takes `now` and, where chance decides, a
//! fraction: [`Book`] holds one region's rules, and of each rule what it may still take in a second. [`LambdaSampler`] stands
//! apart, as Lambda's own sampling does.
//!
//! Nothing is stored here: who changes a rule makes the [`RuleRecord`] durable before it is installed. The words are
//! those of the API model's `SamplingRule`; what the service and its clients do with them is X-Ray developer guide,
//! sampling, and where that is silent, recorded answers of the service.

mod book;
mod boost;
mod change;
mod decision;
mod handle;
mod lambda;
mod matching;
mod pattern;
mod preview;
mod recent;
mod report;
mod reservoir;
mod rule;
mod rule_set;
mod share;
mod window;

pub use book::{Book, RuleUsage};
pub use boost::BoostRate;
pub use change::{RuleChange, RuleError};
pub use decision::{Decision, FinishedRequest, How, KeepUnsampled, Kept, SampledRequest, Sampler};
pub use handle::Sampling;
pub use lambda::LambdaSampler;
pub use matching::Compared;
pub use preview::Preview;
pub use recent::RecentRequest;
pub use report::{BoostReport, ClientId, Report, StatisticSummary, Target};
pub use reservoir::Quota;
pub use rule::{DEFAULT_RULE, RULE_LIMIT, RuleRecord, SamplingRateBoost, SamplingRule};
pub use rule_set::{Explanation, PassedOver, RuleName, RuleSet};
pub use window::{Counts, Usage};
