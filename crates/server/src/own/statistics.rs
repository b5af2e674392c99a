//! `GET statistics`: what the gateway and the functions handled, counted whether sampled or not.

use std::time::Duration;

use fluoro_model::TimestampMicros;
use fluoro_statistics::{Counted, HISTORY_MINUTES, Latency, Report, Subject};
use fluoro_wire::query::Form;
use http::StatusCode;
use serde::Serialize;

use super::OwnApi;
use super::reply::{Problem, Reply};
use crate::settings::parse_duration;

/// How far back when nobody says.
const SINCE: Duration = Duration::from_mins(15);

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Statistics"))]
pub(super) struct StatisticsOutput {
    /// The start of the first minute, in seconds since the epoch.
    from: i64,
    /// The end of what is counted: now.
    to: f64,
    series: Vec<SeriesOutput>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Series"))]
struct SeriesOutput {
    #[serde(flatten)]
    subject: Subject,
    #[serde(flatten)]
    sum: CountedOutput,
    minutes: Vec<MinuteOutput>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Minute"))]
struct MinuteOutput {
    /// Its start, in seconds since the epoch.
    at: i64,
    #[serde(flatten)]
    counted: CountedOutput,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Counted"))]
struct CountedOutput {
    requests: u64,
    errors: u64,
    throttles: u64,
    faults: u64,
    latency_ms: LatencyOutput,
}

/// In milliseconds; the quantiles within 3.2 %.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Latency"))]
struct LatencyOutput {
    mean: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

pub(super) fn statistics(own: &OwnApi, query: &Form) -> Result<Reply, Problem> {
    let since = match query.get("since") {
        Some(text) => parse_duration(text).map_err(|expected| {
            let message = format!("since={text}: {expected}");
            Problem::new(StatusCode::BAD_REQUEST, "BadSince", message)
        })?,
        None => SINCE,
    };
    let now = own.ambient.now_micros();
    let longest = HISTORY_MINUTES * 60_000_000;
    let since = i64::try_from(since.as_micros()).map_or(longest, |since| since.min(longest));
    let from = TimestampMicros(now - since);
    let now = TimestampMicros(now);
    let (api, function) = (query.get("api"), query.get("function"));
    let reports = own.statistics.report(from, now).into_iter();
    let wanted = reports.filter(|report| is_wanted(&report.subject, api, function));
    Ok(Reply::json(&StatisticsOutput {
        from: from.floor_minute() * 60,
        to: now.seconds(),
        series: wanted.map(SeriesOutput::from).collect(),
    }))
}

/// By an API's id or name, or a function's name.
fn is_wanted(subject: &Subject, api: Option<&str>, function: Option<&str>) -> bool {
    match subject {
        _ if api.is_none() && function.is_none() => true,
        Subject::Method {
            api_id, api_name, ..
        } => api.is_some_and(|api| api == api_id || api == api_name),
        Subject::Function { function: name, .. } => function.is_some_and(|wanted| wanted == name),
        Subject::Other => false,
    }
}

impl From<Report> for SeriesOutput {
    fn from(report: Report) -> Self {
        let minutes = report.minutes.iter().map(|(at, counted)| MinuteOutput {
            at: *at,
            counted: CountedOutput::of(counted),
        });
        Self {
            sum: CountedOutput::of(&report.sum),
            minutes: minutes.collect(),
            subject: report.subject,
        }
    }
}

impl CountedOutput {
    fn of(counted: &Counted) -> Self {
        Self {
            requests: counted.requests,
            errors: counted.errors,
            throttles: counted.throttles,
            faults: counted.faults,
            latency_ms: LatencyOutput::of(&counted.latency),
        }
    }
}

impl LatencyOutput {
    fn of(latency: &Latency) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "shown to people, in milliseconds"
        )]
        let ms = |micros: u64| micros as f64 / 1e3;
        let mean = latency.sum_micros().checked_div(latency.count());
        Self {
            mean: ms(mean.unwrap_or(0)),
            p50: ms(latency.quantile_micros(0.5)),
            p90: ms(latency.quantile_micros(0.9)),
            p99: ms(latency.quantile_micros(0.99)),
            max: ms(latency.max_micros()),
        }
    }
}
