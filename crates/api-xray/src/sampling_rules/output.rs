//! A rule's record as the service writes it.

use std::collections::BTreeMap;

use fluoro_sampling::{RuleRecord, SamplingRateBoost};
use serde::Serialize;

/// `SamplingRuleRecord`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SamplingRuleRecordOutput<'a> {
    created_at: i64,
    modified_at: i64,
    sampling_rule: SamplingRuleOutput<'a>,
}

/// `SamplingRule`. Attributes are always there and a boost only where there is one: SDKs pass over a rule without the
/// former, and recorded rules never have a null boost.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingRuleOutput<'a> {
    attributes: &'a BTreeMap<String, String>,
    fixed_rate: f64,
    #[serde(rename = "HTTPMethod")]
    http_method: &'a str,
    host: &'a str,
    priority: u16,
    reservoir_size: u32,
    #[serde(rename = "ResourceARN")]
    resource_arn: &'a str,
    #[serde(rename = "RuleARN")]
    rule_arn: String,
    rule_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sampling_rate_boost: Option<BoostOutput>,
    service_name: &'a str,
    service_type: &'a str,
    #[serde(rename = "URLPath")]
    url_path: &'a str,
    version: u8,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct BoostOutput {
    cooldown_window_minutes: u32,
    max_rate: f64,
}

impl<'a> SamplingRuleRecordOutput<'a> {
    pub(crate) fn of(arn_prefix: &str, record: &'a RuleRecord) -> Self {
        let rule = &record.rule;
        Self {
            created_at: record.created_at,
            modified_at: record.modified_at,
            sampling_rule: SamplingRuleOutput {
                attributes: &rule.attributes,
                fixed_rate: rule.fixed_rate,
                http_method: &rule.http_method,
                host: &rule.host,
                priority: rule.priority,
                reservoir_size: rule.reservoir_size,
                resource_arn: &rule.resource_arn,
                rule_arn: format!("{arn_prefix}{}", rule.rule_name),
                rule_name: &rule.rule_name,
                sampling_rate_boost: rule.sampling_rate_boost.map(BoostOutput::of),
                service_name: &rule.service_name,
                service_type: &rule.service_type,
                url_path: &rule.url_path,
                version: 1,
            },
        }
    }
}

impl BoostOutput {
    fn of(boost: SamplingRateBoost) -> Self {
        Self {
            cooldown_window_minutes: boost.cooldown_window_minutes,
            max_rate: boost.max_rate,
        }
    }
}
