//! The verb `stats`: what was handled, counted whether sampled or not.

use fluoro_stack::encoded;
use serde_json::Value;

use crate::args::{Cli, Stats};
use crate::client::Client;
use crate::paint::{Ink, Paint, fit, seconds};
use crate::verbs::show;

pub(crate) async fn run(cli: &Cli, client: &Client, stats: &Stats) -> anyhow::Result<()> {
    let mut path = format!("statistics?since={}s", stats.since);
    for (name, value) in [("api", &stats.api), ("function", &stats.function)] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", encoded(value)));
        }
    }
    let answer = client.own(&path).await?;
    show(cli, &answer, || table(Paint::of_stdout(), &answer))
}

fn table(paint: Paint, answer: &Value) -> String {
    let series = answer["series"].as_array();
    let series = series.map(Vec::as_slice).unwrap_or_default();
    if series.is_empty() {
        return "nothing was handled in this time; look further back with --since, at most 1h\n"
            .to_owned();
    }
    let head = format!(
        "{:40} {:>9} {:>8} {:>9} {:>8} {:>9} {:>9} {:>9}",
        "what", "requests", "errors", "throttles", "faults", "p50", "p99", "max"
    );
    let mut text = paint.line(Ink::Faint, &head);
    for one in series {
        let count = |member: &str| one[member].as_u64().unwrap_or(0);
        let latency = |member: &str| {
            let ms = one["latency_ms"][member].as_f64().unwrap_or(0.0);
            seconds(ms / 1e3)
        };
        let line = format!(
            "{} {:>9} {:>8} {:>9} {:>8} {:>9} {:>9} {:>9}",
            fit(&subject(one), 40),
            count("requests"),
            count("errors"),
            count("throttles"),
            count("faults"),
            latency("p50"),
            latency("p99"),
            latency("max"),
        );
        let ink = match (count("faults"), count("errors")) {
            (0, 0) => Ink::Plain,
            (0, _) => Ink::Error,
            _ => Ink::Fault,
        };
        text.push_str(&paint.line(ink, &line));
    }
    text
}

/// `shop/dev GET /items/{id}`, `function orders`.
fn subject(one: &Value) -> String {
    let word = |member: &str| one[member].as_str();
    match (word("function"), word("api_name"), word("stage")) {
        (Some(function), _, _) => format!("function {function}"),
        (None, Some(api), Some(stage)) => match (word("method"), word("resource")) {
            (Some(method), Some(resource)) => format!("{api}/{stage} {method} {resource}"),
            _ => format!("{api}/{stage} (no method)"),
        },
        _ => "everything else".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_subject_has_a_line() {
        let counted = |subject: Value| {
            let mut one = json!({
                "requests": 7, "errors": 2, "throttles": 1, "faults": 0,
                "latency_ms": {"mean": 1.0, "p50": 1.5, "p90": 2.0, "p99": 250.0, "max": 1200.0},
            });
            for (member, value) in subject.as_object().unwrap() {
                one[member] = value.clone();
            }
            one
        };
        let answer = json!({"series": [
            counted(json!({"api_name": "shop", "stage": "dev", "method": "GET", "resource": "/items/{id}"})),
            counted(json!({"api_name": "shop", "stage": "dev", "method": null, "resource": null})),
            counted(json!({"function": "orders"})),
            counted(json!({"kind": "other"})),
        ]});
        let paint = Paint {
            colour: false,
            width: 100,
        };
        let text = table(paint, &answer);
        let lines: Vec<&str> = text.lines().collect();
        let begins = [
            "what",
            "shop/dev GET /items/{id} ",
            "shop/dev (no method) ",
            "function orders ",
            "everything else ",
        ];
        for (line, begin) in lines.iter().zip(begins) {
            assert!(line.starts_with(begin), "{line}");
        }
        let numbers = "        7        2         1        0    1.5 ms    250 ms    1.20 s";
        assert!(lines[1].ends_with(numbers), "{text}");
    }
}
