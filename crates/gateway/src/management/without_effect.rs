//! What clients may set and nothing happens: kept, since clients read it back, and told to whoever asks why.

use serde::Serialize;

use crate::Gateway;
use crate::management::ManagementError;
use crate::records::{MethodSetting, Stage};

/// A setting that is kept and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WithoutEffect {
    /// What it belongs to: `stage dev of API abcdefghij in us-east-1`.
    pub of: String,
    /// The setting with its value.
    pub setting: String,
    /// What that means.
    pub meaning: &'static str,
}

impl Gateway {
    /// Every such setting of every API and stage, in every region.
    ///
    /// # Errors
    ///
    /// When the records cannot be read.
    pub async fn without_effect(&self) -> Result<Vec<WithoutEffect>, ManagementError> {
        let mut found = Vec::new();
        for (key, record) in self.shared.apis.scan("").await? {
            let (region, _) = key.split_once('/').unwrap_or_default();
            let api = record.value.api;
            if let Some(bytes) = api.minimum_compression_size {
                found.push(WithoutEffect {
                    of: format!("API {} in {region}", api.id),
                    setting: format!("minimumCompressionSize {bytes}"),
                    meaning: "answers are not compressed",
                });
            }
        }
        for (key, record) in self.shared.stages.scan("").await? {
            let mut parts = key.split('/');
            let (region, api) = (
                parts.next().unwrap_or_default(),
                parts.next().unwrap_or_default(),
            );
            let of = format!("stage {} of API {api} in {region}", record.value.name);
            of_stage(&of, &record.value, &mut found);
        }
        Ok(found)
    }
}

fn of_stage(of: &str, stage: &Stage, found: &mut Vec<WithoutEffect>) {
    let defaults = MethodSetting::default();
    for (method, setting) in &stage.method_settings {
        let mut add = |text: String, meaning| {
            found.push(WithoutEffect {
                of: of.to_owned(),
                setting: format!("{text} for {method}"),
                meaning,
            });
        };
        let throttling = (
            setting.throttling_rate_limit,
            setting.throttling_burst_limit,
        );
        if throttling
            != (
                defaults.throttling_rate_limit,
                defaults.throttling_burst_limit,
            )
        {
            let (rate, burst) = throttling;
            add(
                format!("throttling rateLimit {rate}, burstLimit {burst}"),
                "requests are not throttled",
            );
        }
        if setting.metrics_enabled {
            add(
                "metrics enabled".to_owned(),
                "there is no CloudWatch to send them to",
            );
        }
        if setting.data_trace_enabled {
            add(
                "logging dataTrace".to_owned(),
                "requests are not logged; traces tell what they did",
            );
        }
        // Without a cache cluster, which is refused, AWS does not cache either; who sets it expects more.
        if setting.caching_enabled {
            add(
                "caching enabled".to_owned(),
                "a stage has no cache, and answers are not cached",
            );
        }
    }
}
