//! What is told of an insight: the event that X-Ray puts on EventBridge.
//!
//! Source: EventBridge schema `aws.xray@AWSXRayInsightUpdate`; the envelope is that of every event of EventBridge.

use fluoro_model::TimestampMicros;
use fluoro_query::insights::{Insight, InsightEvent};
use fluoro_wire::timestamp::iso8601;
use serde::Serialize;

use super::output::{EventOutput, InsightOutput};

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Envelope<'a> {
    version: &'static str,
    id: &'a str,
    detail_type: &'static str,
    source: &'static str,
    account: &'a str,
    time: String,
    region: &'a str,
    resources: [&'a str; 0],
    detail: Detail<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Detail<'a> {
    #[serde(flatten)]
    insight: InsightOutput<'a>,
    event: EventOutput<'a>,
}

/// The event, as JSON, that tells what happened to an insight. `id` is the event's own: a UUID.
#[must_use]
pub fn insight_update(id: &str, insight: &Insight, event: &InsightEvent) -> String {
    let at = TimestampMicros::of_second(event.at);
    let envelope = Envelope {
        version: "0",
        id,
        detail_type: "AWS X-Ray Insight Update",
        source: "aws.xray",
        account: &insight.account,
        time: iso8601(at),
        region: &insight.region,
        resources: [],
        detail: Detail {
            insight: InsightOutput::of(insight),
            event: EventOutput::of(event),
        },
    };
    serde_json::to_string(&envelope).expect("outputs have text keys and no failing serializer")
}
