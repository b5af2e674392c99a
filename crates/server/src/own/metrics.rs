//! `GET metrics`: what was handled since the start, in Prometheus' text format.
//!
//! Labels are bounded by what is deployed: series that are too many are counted as one without labels.

use std::fmt::Write as _;

use bytes::Bytes;
use fluoro_sampling::RuleUsage;
use fluoro_statistics::{Counted, Subject};
use fluoro_store::scan::Budget;
use http::{HeaderValue, Response, header};

use super::OwnApi;
use crate::body::{self, Body};

/// Upper bounds of the histogram's buckets, as powers of two of microseconds: 0.26 ms to 67 s. Exact, as the latencies'
/// own buckets end there.
const POWERS: [u32; 10] = [8, 10, 12, 14, 16, 18, 20, 22, 24, 26];

type Count = fn(&Counted) -> u64;

const COUNTS: [(&str, &str, Count); 4] = [
    ("requests_total", "All, sampled or not.", |all| all.requests),
    (
        "errors_total",
        "Client errors, throttled ones among them.",
        |all| all.errors,
    ),
    ("throttles_total", "Throttled.", |all| all.throttles),
    ("faults_total", "Failed.", |all| all.faults),
];

pub(super) fn metrics(own: &OwnApi) -> Response<Body> {
    let (mut gateway, mut functions) = (Vec::new(), Vec::new());
    for (subject, counted) in own.statistics.totals() {
        let area = match subject {
            Subject::Method { .. } | Subject::Other => &mut gateway,
            Subject::Function { .. } => &mut functions,
        };
        area.push((labels(&subject), counted));
    }
    let mut text = String::new();
    area(&mut text, "gateway", &gateway);
    area(&mut text, "functions", &functions);
    let usage = own.sampling.with_book(&own.region, |book| book.usage());
    sampling(&mut text, &usage);
    queries(&mut text, own.hot.budget(), own.abandoned.count());
    let mut response = Response::new(body::whole(Bytes::from(text)));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn area(text: &mut String, area: &str, series: &[(String, Counted)]) {
    for (name, help, count) in COUNTS {
        head(text, &format!("{area}_{name}"), help, "counter");
        for (labels, counted) in series {
            line(text, &format!("{area}_{name}"), labels, count(counted));
        }
    }
    let name = format!("{area}_duration_seconds");
    head(text, &name, "How long they took.", "histogram");
    for (labels, counted) in series {
        let latency = &counted.latency;
        let separator = if labels.is_empty() { "" } else { "," };
        for power in POWERS {
            let bound = f64::from(1_u32 << power) / 1e6;
            let labels = format!("{labels}{separator}le=\"{bound}\"");
            line(
                text,
                &format!("{name}_bucket"),
                &labels,
                latency.below_power(power),
            );
        }
        let all = format!("{labels}{separator}le=\"+Inf\"");
        line(text, &format!("{name}_bucket"), &all, latency.count());
        #[expect(clippy::cast_precision_loss, reason = "a sum of durations, in seconds")]
        let sum = latency.sum_micros() as f64 / 1e6;
        line(text, &format!("{name}_sum"), labels, sum);
        line(text, &format!("{name}_count"), labels, latency.count());
    }
}

fn sampling(text: &mut String, usage: &[RuleUsage]) {
    type Count = fn(&RuleUsage) -> u64;
    let counts: [(&str, &str, Count); 3] = [
        ("requests_total", "Requests that matched a rule.", |one| {
            one.total.requests
        }),
        ("sampled_total", "Those recorded.", |one| one.total.sampled),
        (
            "borrowed_total",
            "Those recorded by clients beyond a quota.",
            |one| one.total.borrowed,
        ),
    ];
    for (name, help, count) in counts {
        let name = format!("sampling_{name}");
        head(text, &name, help, "counter");
        for one in usage {
            let labels = label("rule", &one.record.rule.rule_name);
            line(text, &name, &labels, count(one));
        }
    }
}

fn queries(text: &mut String, budget: &Budget, abandoned: u64) {
    let held = u64::try_from(budget.held()).unwrap_or(u64::MAX);
    for (name, kind, help, value) in [
        (
            "query_held_bytes",
            "gauge",
            "What questions under way hold.",
            held,
        ),
        (
            "query_refused_total",
            "counter",
            "Questions refused for want of memory or of a turn.",
            budget.refused(),
        ),
        (
            "query_abandoned_total",
            "counter",
            "Questions given up, as their caller had hung up.",
            abandoned,
        ),
    ] {
        head(text, name, help, kind);
        line(text, name, "", value);
    }
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n")
        .expect("writing to a string does not fail");
}

fn line(text: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let outcome = if labels.is_empty() {
        writeln!(text, "{name} {value}")
    } else {
        writeln!(text, "{name}{{{labels}}} {value}")
    };
    outcome.expect("writing to a string does not fail");
}

fn labels(subject: &Subject) -> String {
    match subject {
        Subject::Method {
            region,
            api_id,
            api_name,
            stage,
            resource,
            method,
        } => [
            label("region", region),
            label("api_id", api_id),
            label("api_name", api_name),
            label("stage", stage),
            label("resource", resource.as_deref().unwrap_or_default()),
            label("method", method.as_deref().unwrap_or_default()),
        ]
        .join(","),
        Subject::Function { region, function } => {
            [label("region", region), label("function", function)].join(",")
        }
        Subject::Other => String::new(),
    }
}

fn label(name: &str, value: &str) -> String {
    let escaped = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("{name}=\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use fluoro_model::TimestampMicros;
    use fluoro_statistics::{Outcome, Statistics};

    use super::*;

    #[test]
    fn a_function_has_its_counters_and_its_histogram() {
        let statistics = Statistics::default();
        let subject = Subject::Function {
            region: "us-east-1".to_owned(),
            function: "a\"b".to_owned(),
        };
        let series = statistics.series(TimestampMicros(0), subject);
        series.count(TimestampMicros(0), Outcome::Ok, 900);
        series.count(TimestampMicros(0), Outcome::Fault, 1_500_000);
        let all = statistics.totals();
        let all: Vec<_> = all
            .into_iter()
            .map(|(subject, counted)| (labels(&subject), counted))
            .collect();
        let mut text = String::new();
        area(&mut text, "functions", &all);
        let labels = r#"region="us-east-1",function="a\"b""#;
        for expected in [
            format!(
                "# TYPE functions_faults_total counter\nfunctions_faults_total{{{labels}}} 1\n"
            ),
            format!("functions_requests_total{{{labels}}} 2\n"),
            format!("functions_duration_seconds_bucket{{{labels},le=\"0.000256\"}} 0\n"),
            format!("functions_duration_seconds_bucket{{{labels},le=\"0.001024\"}} 1\n"),
            format!("functions_duration_seconds_bucket{{{labels},le=\"4.194304\"}} 2\n"),
            format!("functions_duration_seconds_sum{{{labels}}} 1.5009\n"),
            format!("functions_duration_seconds_count{{{labels}}} 2\n"),
        ] {
            assert!(text.contains(&expected), "{expected} in {text}");
        }
    }
}
