//! GetSamplingTargets: samplers report what they saw and are told what to do.

use fluoro_sampling::{BoostRate, BoostReport, ClientId, Counts, Report, Target};
use fluoro_wire::json_input::JsonInput;
use fluoro_wire::{Call, Constraints, JsonError};
use serde::Serialize;

use crate::answer::{Answer, to_answer};
use crate::error::XRayError;
use crate::input::as_element;
use crate::service::XRay;

/// Reports of each kind in one call. Source: API model.
const REPORTS: usize = 25;

/// When a client shall report again, in seconds. Source: recorded; absent until a client has a quota.
const INTERVAL_SECONDS: u32 = 10;

#[derive(Debug)]
struct GetSamplingTargetsInput {
    reports: Vec<Report>,
    boost_reports: Vec<BoostReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSamplingTargetsOutput {
    last_rule_modification: i64,
    sampling_target_documents: Vec<TargetOutput>,
    /// There only when boosts were reported (recorded).
    #[serde(skip_serializing_if = "Option::is_none")]
    unprocessed_boost_statistics: Option<Vec<UnprocessedOutput>>,
    unprocessed_statistics: Vec<UnprocessedOutput>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TargetOutput {
    fixed_rate: f64,
    interval: Option<u32>,
    reservoir_quota: Option<u32>,
    #[serde(rename = "ReservoirQuotaTTL")]
    reservoir_quota_ttl: Option<i64>,
    rule_name: String,
    /// There only while it lasts (recorded).
    #[serde(skip_serializing_if = "Option::is_none")]
    sampling_boost: Option<BoostOutput>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct BoostOutput {
    boost_rate: f64,
    #[serde(rename = "BoostRateTTL")]
    boost_rate_ttl: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct UnprocessedOutput {
    error_code: &'static str,
    message: &'static str,
    rule_name: String,
}

impl XRay {
    pub(crate) fn get_sampling_targets(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let input = GetSamplingTargetsInput::read(input)?;
        let now = self.now();
        let sampling = self.parts.rules.sampling();
        let output = sampling.with_book(&call.region.0, |book| {
            let boosts_reported = !input.boost_reports.is_empty();
            let mut unknown_boosts = Vec::new();
            for report in input.boost_reports {
                if !book.anomalies(now, &report) {
                    unknown_boosts.push(UnprocessedOutput::unknown(report.rule_name));
                }
            }
            let mut targets = Vec::with_capacity(input.reports.len());
            let mut unprocessed = Vec::new();
            for report in input.reports {
                match book.target(now, &report) {
                    Some(target) => targets.push(TargetOutput::of(target)),
                    None => unprocessed.push(UnprocessedOutput::unknown(report.rule_name)),
                }
            }
            GetSamplingTargetsOutput {
                last_rule_modification: book.modified_at(),
                sampling_target_documents: targets,
                unprocessed_boost_statistics: boosts_reported.then_some(unknown_boosts),
                unprocessed_statistics: unprocessed,
            }
        });
        Ok(to_answer(&output))
    }
}

impl GetSamplingTargetsInput {
    fn read(input: JsonInput<'_>) -> Result<Self, XRayError> {
        let reports = input.list("SamplingStatisticsDocuments", as_element)?;
        let boosts = input.list("SamplingBoostStatisticsDocuments", as_element)?;
        let mut constraints = Constraints::new();
        let reports = constraints.required("samplingStatisticsDocuments", reports);
        let reports = reports.unwrap_or_default();
        let boosts = boosts.unwrap_or_default();
        for (path, length) in [
            ("samplingStatisticsDocuments", reports.len()),
            ("samplingBoostStatisticsDocuments", boosts.len()),
        ] {
            if length > REPORTS {
                let constraint = format!("Member must have length less than or equal to {REPORTS}");
                constraints.violated_unseen(path, &constraint);
            }
        }
        let mut read = Self {
            reports: Vec::with_capacity(reports.len()),
            boost_reports: Vec::with_capacity(boosts.len()),
        };
        for (number, report) in (1..).zip(reports) {
            let at = format!("samplingStatisticsDocuments.{number}.member");
            read.reports
                .push(read_report(report, &at, &mut constraints)?);
        }
        for (number, boost) in (1..).zip(boosts) {
            let at = format!("samplingBoostStatisticsDocuments.{number}.member");
            read.boost_reports
                .push(read_boost(boost, &at, &mut constraints)?);
        }
        constraints.finish()?;
        Ok(read)
    }
}

/// What is missing counts as 0 (recorded). ADOT's sampler for Python says `SampleCount`.
fn read_report(
    report: JsonInput<'_>,
    at: &str,
    constraints: &mut Constraints,
) -> Result<Report, JsonError> {
    let rule_name = read_rule_name(report, at, constraints)?;
    let path = format!("{at}.clientID");
    let client_id = constraints.required(&path, report.text("ClientID")?);
    let client_id = client_id.unwrap_or_default();
    if report.value("ClientID").is_some() {
        constraints.text(&path, client_id, 24..=24);
    }
    constraints.required(&format!("{at}.timestamp"), report.time("Timestamp")?);
    let sampled = match report.value("SampledCount") {
        Some(_) => "SampledCount",
        None => "SampleCount",
    };
    Ok(Report {
        rule_name,
        client_id: ClientId(client_id.into()),
        counts: Counts {
            requests: read_count(report, "RequestCount", at, constraints)?.unwrap_or(0),
            sampled: read_count(report, sampled, at, constraints)?.unwrap_or(0),
            borrowed: read_count(report, "BorrowCount", at, constraints)?.unwrap_or(0),
        },
    })
}

fn read_boost(
    boost: JsonInput<'_>,
    at: &str,
    constraints: &mut Constraints,
) -> Result<BoostReport, JsonError> {
    let rule_name = read_rule_name(boost, at, constraints)?;
    let path = format!("{at}.serviceName");
    let service_name = constraints.required(&path, boost.text("ServiceName")?);
    let service_name = service_name.unwrap_or_default();
    constraints.text(&path, service_name, ..=64);
    constraints.required(&format!("{at}.timestamp"), boost.time("Timestamp")?);
    let mut required = |name: &str| {
        let count = read_count(boost, name, at, constraints)?;
        let path = format!("{at}.{}", lower_camel(name));
        if boost.value(name).is_none() {
            constraints.required(&path, count);
        }
        Ok::<u64, JsonError>(count.unwrap_or_default())
    };
    let anomalies = required("AnomalyCount")?;
    required("TotalCount")?;
    Ok(BoostReport {
        rule_name,
        service_name: service_name.to_owned(),
        anomalies,
        sampled_anomalies: required("SampledAnomalyCount")?,
    })
}

fn read_rule_name(
    input: JsonInput<'_>,
    at: &str,
    constraints: &mut Constraints,
) -> Result<String, JsonError> {
    let path = format!("{at}.ruleName");
    let Some(name) = constraints.required(&path, input.text("RuleName")?) else {
        return Ok(String::new());
    };
    constraints.text(&path, name, 1..=32);
    Ok(name.to_owned())
}

fn read_count(
    input: JsonInput<'_>,
    name: &str,
    at: &str,
    constraints: &mut Constraints,
) -> Result<Option<u64>, JsonError> {
    let Some(count) = input.integer(name)? else {
        return Ok(None);
    };
    constraints.number(&format!("{at}.{}", lower_camel(name)), count, 0..);
    Ok(u64::try_from(count).ok())
}

/// `RequestCount` to `requestCount`, as paths in validation errors are written.
fn lower_camel(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_ascii_lowercase() + rest
}

impl TargetOutput {
    fn of(target: Target) -> Self {
        let quota = target.quota;
        Self {
            fixed_rate: target.fixed_rate,
            interval: quota.map(|_| INTERVAL_SECONDS),
            reservoir_quota: quota.map(|quota| quota.size),
            reservoir_quota_ttl: quota.map(|quota| quota.expires_at),
            rule_name: target.rule_name,
            sampling_boost: target.boost.map(BoostOutput::of),
        }
    }
}

impl BoostOutput {
    fn of(boost: BoostRate) -> Self {
        Self {
            boost_rate: boost.rate,
            boost_rate_ttl: boost.expires_at,
        }
    }
}

impl UnprocessedOutput {
    fn unknown(rule_name: String) -> Self {
        Self {
            error_code: "400",
            message: "Unknown rule",
            rule_name,
        }
    }
}
