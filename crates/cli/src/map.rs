//! The service map as text: who calls whom, how often, how well, how fast.

use std::collections::HashMap;

use serde_json::Value;

use crate::paint::{Ink, Paint, fit, seconds};

/// Draws the services of GetServiceGraph.
pub(crate) fn draw(paint: Paint, services: &[Value]) -> String {
    if services.is_empty() {
        return "no service was seen in this time; `fluoro traces --since 6h` looks further back\n"
            .to_owned();
    }
    let names: HashMap<i64, String> = services
        .iter()
        .filter_map(|service| Some((service["ReferenceId"].as_i64()?, label(service))))
        .collect();
    let width = (paint.width / 2).clamp(30, 70);
    let mut text = paint.line(
        Ink::Faint,
        &format!("{} {}", fit("service, and whom it calls", width), HEADINGS),
    );
    for service in ordered(services) {
        let line = match service["SummaryStatistics"].is_object() {
            true => statistics(paint, service),
            false => String::new(),
        };
        text.push_str(&format!(
            "{} {line}\n",
            paint.ink(Ink::Strong, &fit(&label(service), width))
        ));
        for edge in service["Edges"].as_array().into_iter().flatten() {
            let to = edge["ReferenceId"]
                .as_i64()
                .and_then(|id| names.get(&id))
                .map_or("?", String::as_str);
            let dashed = if edge["EdgeType"] == "link" {
                "┄▷"
            } else {
                "─▶"
            };
            text.push_str(&format!(
                "{} {}\n",
                fit(&format!("  {dashed} {to}"), width),
                statistics(paint, edge)
            ));
        }
    }
    text
}

const HEADINGS: &str = "requests    ok error throt fault    average       p99";

fn statistics(paint: Paint, of: &Value) -> String {
    let summary = &of["SummaryStatistics"];
    let count = |pointer: &str| {
        summary
            .pointer(pointer)
            .and_then(Value::as_u64)
            .unwrap_or(0)
    };
    let total = count("/TotalCount");
    let cell = |ink: Ink, count: u64| {
        paint.ink(
            if count > 0 { ink } else { Ink::Faint },
            &format!("{count:>5}"),
        )
    };
    let (average, slow) = if total == 0 {
        ("-".to_owned(), "-".to_owned())
    } else {
        #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
        let average = summary["TotalResponseTime"].as_f64().unwrap_or(0.0) / total as f64;
        (
            seconds(average),
            percentile(&of["ResponseTimeHistogram"], 0.99).map_or_else(|| "-".to_owned(), seconds),
        )
    };
    format!(
        "{total:>8} {} {} {} {} {average:>10} {slow:>9}",
        cell(Ink::Good, count("/OkCount")),
        cell(Ink::Error, count("/ErrorStatistics/OtherCount")),
        cell(Ink::Throttle, count("/ErrorStatistics/ThrottleCount")),
        cell(Ink::Fault, count("/FaultStatistics/TotalCount")),
    )
}

/// The smallest value that at least this share of the counts does not exceed.
fn percentile(histogram: &Value, share: f64) -> Option<f64> {
    let mut bins: Vec<(f64, f64)> = histogram
        .as_array()?
        .iter()
        .filter_map(|bin| Some((bin["Value"].as_f64()?, bin["Count"].as_f64()?)))
        .collect();
    bins.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let total: f64 = bins.iter().map(|(_, count)| count).sum();
    let mut seen = 0.0;
    bins.into_iter().find_map(|(value, count)| {
        seen += count;
        (seen >= total * share).then_some(value)
    })
}

/// Clients first, then as the calls go; what nobody calls comes before the rest.
fn ordered(services: &[Value]) -> Vec<&Value> {
    let by_id: HashMap<i64, &Value> = services
        .iter()
        .filter_map(|service| Some((service["ReferenceId"].as_i64()?, service)))
        .collect();
    let called: Vec<i64> = services.iter().flat_map(callees).collect();
    let mut starts: Vec<&Value> = services
        .iter()
        .filter(|service| !called.contains(&service["ReferenceId"].as_i64().unwrap_or(-1)))
        .collect();
    starts.sort_by_key(|service| label(service));
    let mut order: Vec<i64> = Vec::new();
    let mut queue: Vec<i64> = starts
        .iter()
        .filter_map(|service| service["ReferenceId"].as_i64())
        .rev()
        .collect();
    queue.splice(
        0..0,
        services
            .iter()
            .rev()
            .filter_map(|service| service["ReferenceId"].as_i64()),
    );
    while let Some(id) = queue.pop() {
        if order.contains(&id) {
            continue;
        }
        order.push(id);
        if let Some(service) = by_id.get(&id) {
            queue.extend(callees(service).into_iter().rev());
        }
    }
    order
        .into_iter()
        .filter_map(|id| by_id.get(&id).copied())
        .collect()
}

fn callees(service: &Value) -> Vec<i64> {
    service["Edges"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|edge| edge["ReferenceId"].as_i64())
        .collect()
}

fn label(service: &Value) -> String {
    let name = service["Name"].as_str().unwrap_or("?");
    match service["Type"].as_str() {
        Some("client") => format!("client of {name}"),
        Some(kind) => format!("{name} [{kind}]"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn callers_come_before_those_they_call() {
        let statistics = json!({
            "OkCount": 2, "ErrorStatistics": {"ThrottleCount": 1, "OtherCount": 0, "TotalCount": 1},
            "FaultStatistics": {"OtherCount": 0, "TotalCount": 1}, "TotalCount": 4, "TotalResponseTime": 2.0,
        });
        let histogram = json!([{"Value": 0.9, "Count": 1}, {"Value": 0.3, "Count": 3}]);
        let services = [
            json!({"ReferenceId": 0, "Name": "carts", "Type": "AWS::DynamoDB::Table", "Edges": [], "SummaryStatistics": statistics, "ResponseTimeHistogram": histogram}),
            json!({"ReferenceId": 1, "Name": "shop", "Type": "client", "SummaryStatistics": null,
                "Edges": [{"ReferenceId": 2, "SummaryStatistics": statistics, "ResponseTimeHistogram": histogram}]}),
            json!({"ReferenceId": 2, "Name": "shop", "Type": null, "SummaryStatistics": statistics, "ResponseTimeHistogram": histogram,
                "Edges": [{"ReferenceId": 0, "SummaryStatistics": statistics, "ResponseTimeHistogram": []}]}),
        ];
        let expected = "\
service, and whom it calls     requests    ok error throt fault    average       p99
client of shop                 
  ─▶ shop                             4     2     0     1     1     500 ms    900 ms
shop                                  4     2     0     1     1     500 ms    900 ms
  ─▶ carts [AWS::DynamoDB::Ta…        4     2     0     1     1     500 ms         -
carts [AWS::DynamoDB::Table]          4     2     0     1     1     500 ms    900 ms
";
        assert_eq!(
            draw(
                Paint {
                    colour: false,
                    width: 60
                },
                &services
            ),
            expected
        );
    }

    #[test]
    fn a_percentile_weighs_its_bins() {
        let histogram = json!([{"Value": 3.0, "Count": 1}, {"Value": 1.0, "Count": 98}, {"Value": 2.0, "Count": 1}]);
        assert_eq!(percentile(&histogram, 0.5), Some(1.0));
        assert_eq!(percentile(&histogram, 0.99), Some(2.0));
        assert_eq!(percentile(&json!([]), 0.5), None);
    }
}
