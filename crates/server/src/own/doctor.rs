//! `GET doctor` and `GET sampling`: what came in, what became of it, what was set in vain, what each rule did.

use fluoro_api_xray::DaemonTelemetry;
use fluoro_gateway::management::WithoutEffect;
use fluoro_ingest::LedgerLine;
use serde::Serialize;

use super::OwnApi;
use super::reply::{Problem, Reply};

#[derive(Debug, Serialize)]
struct Report {
    lines: Vec<LedgerLine>,
    held: Held,
    without_effect: Vec<WithoutEffect>,
    daemons: Vec<DaemonTelemetry>,
}

#[derive(Debug, Serialize)]
struct Held {
    traces: usize,
    documents: usize,
    memory_bytes: usize,
    cache_bytes: usize,
}

#[derive(Debug, Serialize)]
struct RuleState {
    name: String,
    priority: u16,
    reservoir_size: u32,
    fixed_rate: f64,
    service_name: String,
    service_type: String,
    host: String,
    http_method: String,
    url_path: String,
    resource_arn: String,
    requests: u64,
    sampled: u64,
    borrowed: u64,
}

#[derive(Debug, Serialize)]
struct RuleStates {
    region: String,
    rules: Vec<RuleState>,
}

pub(super) async fn report(own: &OwnApi) -> Result<Reply, Problem> {
    let lines = own
        .ingest
        .report()
        .await
        .map_err(|error| Problem::failed("failed to look for orphans", &error))?;
    let mut without_effect = own
        .gateway
        .without_effect()
        .await
        .map_err(|error| Problem::failed("failed to read the stages", &error))?;
    let stored_only = own.xray.stored_only().into_iter();
    without_effect.extend(stored_only.map(|stored| WithoutEffect {
        of: format!("X-Ray in {}", stored.region),
        setting: stored.setting,
        meaning: stored.meaning,
    }));
    let held = own.hot.held();
    Ok(Reply::json(&Report {
        lines,
        held: Held {
            traces: held.traces,
            documents: held.documents,
            memory_bytes: held.memory_bytes,
            cache_bytes: held.cache_bytes,
        },
        without_effect,
        daemons: own.xray.telemetry(),
    }))
}

/// What each rule of a region matched since it was made, or the server started.
pub(super) fn sampling(own: &OwnApi, region: Option<&str>) -> Reply {
    let region = region.unwrap_or(&own.region);
    let usage = own.sampling.with_book(region, |book| book.usage());
    let rules = usage.into_iter().map(|usage| {
        let rule = usage.record.rule;
        RuleState {
            name: rule.rule_name,
            priority: rule.priority,
            reservoir_size: rule.reservoir_size,
            fixed_rate: rule.fixed_rate,
            service_name: rule.service_name,
            service_type: rule.service_type,
            host: rule.host,
            http_method: rule.http_method,
            url_path: rule.url_path,
            resource_arn: rule.resource_arn,
            requests: usage.total.requests,
            sampled: usage.total.sampled,
            borrowed: usage.total.borrowed,
        }
    });
    Reply::json(&RuleStates {
        region: region.to_owned(),
        rules: rules.collect(),
    })
}
