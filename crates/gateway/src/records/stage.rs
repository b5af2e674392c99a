//! A stage: a deployment under a name, with its own settings.

use std::collections::BTreeMap;

use fluoro_model::TimestampMicros;
use serde::{Deserialize, Serialize};

/// A stage of an API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// The name: the first part of the path.
    pub name: String,
    /// What it serves.
    pub deployment_id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it asks the sampler, and records what is sampled.
    pub tracing_enabled: bool,
    /// Stage variables.
    pub variables: BTreeMap<String, String>,
    /// By `{path}/{verb}` with the path's slashes escaped, or `*/*`.
    pub method_settings: BTreeMap<String, MethodSetting>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created: TimestampMicros,
    /// When it was last changed.
    pub updated: TimestampMicros,
}

/// Settings of a method in a stage, kept for clients: Fluoro neither throttles nor caches nor logs by them yet, and
/// [`Gateway::without_effect`](crate::Gateway::without_effect) says so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodSetting {
    /// Whether CloudWatch metrics are detailed.
    pub metrics_enabled: bool,
    /// Appears once somebody set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging_level: Option<String>,
    /// Whether bodies are logged.
    pub data_trace_enabled: bool,
    /// Requests at once.
    pub throttling_burst_limit: i32,
    /// Requests a second.
    pub throttling_rate_limit: f64,
    /// Whether answers are cached.
    pub caching_enabled: bool,
    /// For how long.
    pub cache_ttl_in_seconds: i32,
    /// Whether the cache is encrypted.
    pub cache_data_encrypted: bool,
    /// Whether a client must be authorized to invalidate an entry.
    pub require_authorization_for_cache_control: bool,
    /// What happens when it is not.
    pub unauthorized_cache_control_header_strategy: String,
}

// === impl MethodSetting ===

/// What an entry has when one of its settings is made. Source: recorded answers of UpdateStage.
impl Default for MethodSetting {
    fn default() -> Self {
        Self {
            metrics_enabled: false,
            logging_level: None,
            data_trace_enabled: false,
            throttling_burst_limit: 5000,
            throttling_rate_limit: 10_000.0,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control_header_strategy: "SUCCEED_WITH_RESPONSE_HEADER".to_owned(),
        }
    }
}
