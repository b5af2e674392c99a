//! `fluoro insights`: what went wrong, in the groups that are watched.

use anyhow::bail;
use serde_json::{Value, json};

use crate::args::{Cli, Insights};
use crate::client::{Client, now};
use crate::paint::{Ink, Paint, cut, fit};
use crate::table::age;
use crate::verbs::show;

pub(crate) async fn run(cli: &Cli, client: &Client, insights: &Insights) -> anyhow::Result<()> {
    match &insights.id {
        Some(id) => one(cli, client, id).await,
        None => list(cli, client, insights).await,
    }
}

async fn list(cli: &Cli, client: &Client, insights: &Insights) -> anyhow::Result<()> {
    let groups = watched(client, insights.group.as_deref()).await?;
    let now = now();
    let mut found = Vec::new();
    for group in groups {
        let input = json!({
            "GroupName": group, "StartTime": now.saturating_sub(insights.since), "EndTime": now + 1,
        });
        found.extend(
            client
                .pages("/InsightSummaries", input, "InsightSummaries", usize::MAX)
                .await?,
        );
    }
    found.sort_by_key(|insight| std::cmp::Reverse(insight["StartTime"].as_i64()));
    show(cli, &Value::Array(found.clone()), || {
        table(Paint::of_stdout(), now, &found)
    })
}

/// The names of the groups that are watched: this one, or all that are.
async fn watched(client: &Client, wanted: Option<&str>) -> anyhow::Result<Vec<String>> {
    let groups = client
        .pages("/Groups", json!({}), "Groups", usize::MAX)
        .await?;
    let mut names = Vec::new();
    for group in &groups {
        let name = group["GroupName"].as_str().unwrap_or_default();
        let is_watched = group["InsightsConfiguration"]["InsightsEnabled"] == true;
        if is_watched && wanted.is_none_or(|wanted| wanted == name) {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() {
        let name = wanted.unwrap_or("Default");
        bail!(
            "no group is watched for insights; turn them on: aws xray update-group --group-name {name} \
             --insights-configuration InsightsEnabled=true"
        );
    }
    Ok(names)
}

async fn one(cli: &Cli, client: &Client, id: &str) -> anyhow::Result<()> {
    let input = json!({"InsightId": id});
    let mut answer = client.xray("/Insight", input.clone()).await?;
    let mut insight = answer["Insight"].take();
    let events = client
        .pages("/InsightEvents", input, "InsightEvents", usize::MAX)
        .await?;
    insight["Events"] = Value::Array(events);
    show(cli, &insight, || story(Paint::of_stdout(), now(), &insight))
}

fn table(paint: Paint, now: u64, insights: &[Value]) -> String {
    if insights.is_empty() {
        return "no insight in this time; look further back with --since\n".to_owned();
    }
    let head = format!(
        "{:36} {:>6} {:6} {:16} {}",
        "insight", "began", "state", "group", "summary"
    );
    let mut text = paint.line(Ink::Faint, &head);
    for insight in insights {
        let word = |member: &str| insight[member].as_str().unwrap_or_default();
        let line = format!(
            "{:36} {:>6} {:6} {} {}",
            word("InsightId"),
            age(now, insight["StartTime"].as_f64()),
            word("State"),
            fit(word("GroupName"), 16),
            cut(word("Summary"), paint.width.saturating_sub(68).max(40)),
        );
        text.push_str(&paint.line(ink(insight), line.trim_end()));
    }
    text
}

/// One insight and its events, the latest first.
fn story(paint: Paint, now: u64, insight: &Value) -> String {
    let word = |member: &str| insight[member].as_str().unwrap_or_default();
    let mut text = paint.ink(ink(insight), word("Summary"));
    text.push_str(&format!(
        "\n{} in group {}, began {} ago, root cause {}\n",
        word("State"),
        word("GroupName"),
        age(now, insight["StartTime"].as_f64()),
        service(&insight["RootCauseServiceId"]),
    ));
    let anomalous = insight["TopAnomalousServices"].as_array();
    let anomalous = anomalous.into_iter().flatten();
    let anomalous: Vec<String> = anomalous
        .map(|anomalous| service(&anomalous["ServiceId"]))
        .collect();
    text.push_str(&format!("anomalous: {}\n", anomalous.join(", ")));
    for event in insight["Events"].as_array().into_iter().flatten() {
        text.push_str(&format!(
            "{:>6} ago  {}  clients {}, root cause {}\n",
            age(now, event["EventTime"].as_f64()),
            event["Summary"].as_str().unwrap_or_default(),
            impact(&event["ClientRequestImpactStatistics"]),
            impact(&event["RootCauseServiceRequestImpactStatistics"]),
        ));
    }
    text
}

fn ink(insight: &Value) -> Ink {
    match insight["State"] == "ACTIVE" {
        true => Ink::Fault,
        false => Ink::Plain,
    }
}

fn service(id: &Value) -> String {
    let name = id["Name"].as_str().unwrap_or_default();
    match id["Type"].as_str() {
        Some(kind) => format!("{name} ({kind})"),
        None => name.to_owned(),
    }
}

/// Faults of all.
fn impact(statistics: &Value) -> String {
    format!("{}/{}", statistics["FaultCount"], statistics["TotalCount"])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Paint = Paint {
        colour: false,
        width: 130,
    };

    fn insight() -> Value {
        json!({
            "InsightId": "6f1a0000-0000-4000-8000-000000000000", "State": "ACTIVE", "GroupName": "shop", "StartTime": 1000,
            "Summary": "Faults rise in carts. 12 percent of client requests fail.",
            "RootCauseServiceId": {"Name": "carts", "Type": "AWS::DynamoDB::Table"},
            "TopAnomalousServices": [{"ServiceId": {"Name": "carts", "Type": "AWS::DynamoDB::Table"}}, {"ServiceId": {"Name": "shop"}}],
            "Events": [{
                "EventTime": 1060, "Summary": "Faults rise in carts. 10 percent of client requests fail.",
                "ClientRequestImpactStatistics": {"FaultCount": 1, "TotalCount": 10},
                "RootCauseServiceRequestImpactStatistics": {"FaultCount": 3, "TotalCount": 4}
            }]
        })
    }

    #[test]
    fn a_line_tells_of_each_insight() {
        assert_eq!(
            table(PLAIN, 1120, &[insight()]),
            "insight                               began state  group            summary\n\
             6f1a0000-0000-4000-8000-000000000000     2m ACTIVE shop             Faults rise in carts. 12 percent of client requests fail.\n"
        );
    }

    #[test]
    fn one_insight_has_its_events() {
        assert_eq!(
            story(PLAIN, 1120, &insight()),
            "Faults rise in carts. 12 percent of client requests fail.\n\
             ACTIVE in group shop, began 2m ago, root cause carts (AWS::DynamoDB::Table)\n\
             anomalous: carts (AWS::DynamoDB::Table), shop\n   \
                60s ago  Faults rise in carts. 10 percent of client requests fail.  clients 1/10, root cause 3/4\n"
        );
    }
}
