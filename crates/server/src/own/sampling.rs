//! `GET sampling`, `GET sampling/why` and `POST sampling/preview`: what each rule did, why requests were or were not
//! sampled, and what a rule would do.

use fluoro_model::TraceId;
use fluoro_sampling::{Compared, Kept, PassedOver, Preview, RecentRequest};
use fluoro_wire::Region;
use fluoro_wire::query::Form;
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;

use super::reply::{Problem, Reply};
use super::{OwnApi, read_body};
use crate::body::Body;

/// Requests in one answer when nobody says how many, and at most.
const REQUESTS: (usize, usize) = (50, 10_000);

/// The longest body with a rule.
const RULE_LIMIT: usize = 64 * 1024;

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct RuleStates {
    region: String,
    rules: Vec<RuleState>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Whys {
    requests: Vec<Why>,
}

/// A request and the decision on it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Why {
    /// Seconds since the epoch.
    at: f64,
    trace: String,
    request_id: String,
    service_name: Option<String>,
    service_type: Option<String>,
    host: Option<String>,
    http_method: Option<String>,
    url_path: Option<String>,
    resource_arn: Option<String>,
    headers: Vec<(String, String)>,
    /// Whether something of these was too long to be kept.
    cut: bool,
    /// `null` when the client went away.
    status: Option<u16>,
    latency_ms: f64,
    sampled: bool,
    by: &'static str,
    rule: Option<String>,
    reason: String,
    /// Why it is recorded although it was not sampled.
    kept: Option<Kept>,
    /// Rules that were tried before, when a rule decided.
    passed_over: Vec<PassedOver>,
    /// What made the rule fit; nothing when it fits everything.
    because: Vec<Compared>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Previewed<'a> {
    region: &'a str,
    rule: String,
    #[serde(flatten)]
    preview: Preview,
}

/// What each rule of a region matched since it was made, or the server started.
pub(super) fn rules(own: &OwnApi, region: Option<&str>) -> Reply {
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

/// Requests of a trace, the request of an id, or the last ones, newest first.
pub(super) fn why(own: &OwnApi, query: &Form) -> Result<Reply, Problem> {
    let limit = match query.get("limit").map(str::parse) {
        None => REQUESTS.0,
        Some(Ok(limit)) if (1..=REQUESTS.1).contains(&limit) => limit,
        Some(_) => {
            return Err(bad(format!(
                "limit: expected a number from 1 to {}",
                REQUESTS.1
            )));
        }
    };
    let sampled = match query.get("sampled").map(str::parse::<bool>) {
        None => None,
        Some(Ok(sampled)) => Some(sampled),
        Some(Err(_)) => return Err(bad("sampled: expected true or false".to_owned())),
    };
    let (id, rule) = (query.get("id"), query.get("rule"));
    let trace: Option<TraceId> = id.and_then(|id| id.parse().ok());
    let wanted = |of: TraceId, request: &str| match id {
        Some(id) => trace == Some(of) || request == id,
        None => true,
    };
    let requests: Vec<Why> = own
        .sampling
        .recent(wanted)
        .filter(|one| sampled.is_none_or(|sampled| one.decision.sampled == sampled))
        .filter(|one| {
            let decided = one.decision.how.rule();
            rule.is_none_or(|rule| decided.is_some_and(|decided| decided.as_str() == rule))
        })
        .take(limit)
        .map(Why::from)
        .collect();
    if let (Some(id), true) = (id, requests.is_empty()) {
        let message = format!(
            "no stage was called with the trace or request id {id} in the requests that are remembered (sampling.recent)"
        );
        return Err(Problem::new(StatusCode::NOT_FOUND, "NotFound", message));
    }
    Ok(Reply::json(&Whys { requests }))
}

/// What a rule would have kept of the last requests. The body is that of `CreateSamplingRule` or `UpdateSamplingRule`.
pub(super) async fn preview(
    own: &OwnApi,
    query: &Form,
    head: &Parts,
    body: Body,
) -> Result<Reply, Problem> {
    let body = read_body(head, body, RULE_LIMIT).await?;
    let region = query.get("region").unwrap_or(&own.region);
    let planned = own.xray.plan_rule(&Region(region.into()), &body);
    let record = planned.map_err(|refused| {
        let unsaid = "the service fails on a boost without a cooldown window";
        let message = format!(
            "{}: {}",
            refused.code(),
            refused.message().unwrap_or(unsaid)
        );
        Problem::new(StatusCode::BAD_REQUEST, "BadRule", message)
    })?;
    let rule = record.rule.rule_name.clone();
    let (sampling, at) = (own.sampling.clone(), region.to_owned());
    let replayed = tokio::task::spawn_blocking(move || sampling.preview(&at, record)).await;
    let preview = replayed.map_err(|error| Problem::failed("failed to replay requests", &error))?;
    Ok(Reply::json(&Previewed {
        region,
        rule,
        preview,
    }))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no request takes 2^53 microseconds"
)]
fn milliseconds(micros: i64) -> f64 {
    micros.max(0) as f64 / 1e3
}

fn bad(message: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "BadQuery", message)
}

impl From<RecentRequest> for Why {
    fn from(one: RecentRequest) -> Self {
        let explanation = one.explanation();
        let (passed_over, because) = explanation
            .map(|explanation| (explanation.passed_over, explanation.because))
            .unwrap_or_default();
        Self {
            at: one.received.seconds(),
            trace: one.trace_id.to_string(),
            latency_ms: milliseconds(one.ended.0 - one.received.0),
            sampled: one.decision.sampled,
            by: one.decision.how.word(),
            rule: one.decision.how.rule().map(ToString::to_string),
            reason: one.reason(),
            kept: one.kept,
            passed_over,
            because,
            status: one.status,
            request_id: one.request_id,
            service_name: one.service_name,
            service_type: one.service_type,
            host: one.host,
            http_method: one.http_method,
            url_path: one.url_path,
            resource_arn: one.resource_arn,
            headers: one.attributes,
            cut: one.cut,
        }
    }
}
