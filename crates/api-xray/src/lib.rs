//! The X-Ray API: REST JSON, every operation a POST.
//!
//! [`XRay`] is the service that dispatch hands calls to, signed ones and the unsigned ones of samplers alike;
//! [`SamplingRules`] keeps the rules durable under it, [`XRayRecords`] tags and settings. An operation reads its own
//! typed input, works, and gives a typed output whose members stand in the order in which the service writes them:
//! alphabetical, with explicit nulls. What an error looks like on the wire is decided in one place, `error`.
//!
//! Source: the API model (`xray`, 2016-04-12); where it is silent, recorded answers of the service.

mod answer;
mod choosing;
mod encryption;
mod error;
mod following;
mod graphs;
mod groups;
mod input;
mod insights;
mod operation;
mod policies;
mod records;
mod retrieval;
mod rules;
mod sampling_rules;
mod sampling_statistics;
mod sampling_targets;
mod search;
mod segments;
mod service;
mod service_id;
mod settings;
mod stored_only;
mod subject;
mod summaries;
mod tags;
mod telemetry;
mod time_series;
mod traces;

#[cfg(test)]
mod tests;

pub use choosing::Choosing;
pub use following::Following;
pub use insights::insight_update;
pub use records::XRayRecords;
pub use rules::{OpenRulesError, SamplingRules};
pub use service::{Parts, XRay};
pub use settings::XRaySettings;
pub use stored_only::StoredOnly;
pub use telemetry::{DaemonTelemetry, TelemetryTotals};
