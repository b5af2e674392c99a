use serde_json::{Value, json};

use super::fixture::{Fixture, Ground, NOW, segment, trace_id};
use crate::XRaySettings;

fn window(more: Value) -> Value {
    let mut body = json!({"StartTime": NOW - 600, "EndTime": NOW + 60});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn ids(answer: &Value) -> Vec<String> {
    let summaries = answer["TraceSummaries"].as_array().unwrap();
    let id = |summary: &Value| summary["Id"].as_str().unwrap().to_owned();
    summaries.iter().map(id).collect()
}

/// Seven traces, in pages of three.
async fn seven() -> Fixture {
    let settings = XRaySettings {
        summaries_page: 3,
        ..XRaySettings::default()
    };
    let fixture = Fixture::on(Ground {
        settings,
        ..Ground::default()
    })
    .await;
    let documents: Vec<Value> = (1..=7u32)
        .map(|number| segment(number, NOW - 100 + i64::from(number)))
        .collect();
    fixture.store(&documents).await;
    fixture
}

#[tokio::test]
async fn pages_follow_each_other_back_in_time() {
    let fixture = seven().await;
    let mut body = window(json!({}));
    let (mut seen, mut processed, mut covered) = (Vec::new(), 0, Vec::new());
    loop {
        let page = fixture.ok("/TraceSummaries", body.clone()).await;
        seen.extend(ids(&page));
        processed += page["TracesProcessedCount"].as_u64().unwrap();
        covered.push(page["ApproximateTime"].as_i64().unwrap());
        if page["NextToken"].is_null() {
            break;
        }
        body["NextToken"] = page["NextToken"].clone();
    }
    let expected: Vec<String> = (1..=7).rev().map(trace_id).collect();
    assert_eq!(seen, expected);
    assert_eq!(processed, 7);
    assert_eq!(covered, [NOW - 95, NOW - 98, NOW - 600]);
}

#[tokio::test]
async fn a_token_outlives_a_change_of_the_sampling_rate() {
    let fixture = seven().await;
    let with = |rate: f64, token: Value| {
        window(json!({
            "TimeRangeType": "Event", "Sampling": true,
            "SamplingStrategy": {"Name": "FixedRate", "Value": rate}, "NextToken": token
        }))
    };
    let first = fixture.ok("/TraceSummaries", with(1.0, Value::Null)).await;
    assert_eq!(ids(&first).len(), 3);
    let token = first["NextToken"].clone();
    let second = fixture
        .ok("/TraceSummaries", with(0.5, token.clone()))
        .await;
    let all = fixture.ok("/TraceSummaries", with(1.0, token)).await;
    assert!(ids(&second).iter().all(|id| !ids(&first).contains(id)));
    assert!(ids(&all).len() == 3 && ids(&second).len() <= 4);
}

#[tokio::test]
async fn a_fixed_rate_keeps_about_its_share_and_always_the_same() {
    let settings = XRaySettings {
        summaries_page: 1000,
        ..XRaySettings::default()
    };
    let fixture = Fixture::on(Ground {
        settings,
        ..Ground::default()
    })
    .await;
    for fifty in 0..8 {
        let numbers = fifty * 50 + 1..=fifty * 50 + 50;
        let documents: Vec<Value> = numbers.map(|number| segment(number, NOW)).collect();
        fixture.store(&documents).await;
    }
    let strategy = json!({"Name": "FixedRate", "Value": 0.25});
    let body =
        window(json!({"TimeRangeType": "Event", "Sampling": true, "SamplingStrategy": strategy}));
    let kept = ids(&fixture.ok("/TraceSummaries", body.clone()).await);
    assert!((70..=130).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept, ids(&fixture.ok("/TraceSummaries", body).await));
}

#[tokio::test]
async fn a_fixed_rate_is_for_event_ranges() {
    let fixture = Fixture::new().await;
    let strategy = json!({"Name": "FixedRate", "Value": 0.25});
    let body = window(json!({"Sampling": true, "SamplingStrategy": strategy}));
    let (_, message) = fixture.error("/TraceSummaries", body).await;
    assert_eq!(
        message,
        "Cannot use FixedRate with input time range type: TraceId. Please try using time range type: Event"
    );
    let unused = window(json!({"SamplingStrategy": {"Name": "FixedRate", "Value": 7}}));
    fixture.ok("/TraceSummaries", unused).await;
}

#[tokio::test]
async fn a_filter_is_refused_never_ignored() {
    let fixture = seven().await;
    let (code, message) = fixture
        .error(
            "/TraceSummaries",
            window(json!({"FilterExpression": "fault"})),
        )
        .await;
    assert_eq!(code, "InvalidRequestException");
    assert_eq!(message, "Filter expressions are not supported yet");
    let empty = fixture
        .ok("/TraceSummaries", window(json!({"FilterExpression": " "})))
        .await;
    assert_eq!(ids(&empty).len(), 3);
}

#[tokio::test]
async fn an_updated_trace_moves_on_the_event_axis_only() {
    let fixture = Fixture::new().await;
    let mut open = segment(1, NOW - 300);
    open.as_object_mut().unwrap().remove("end_time");
    open["in_progress"] = json!(true);
    fixture.store(&[open]).await;
    fixture.pass_seconds(30);
    fixture.store(&[segment(1, NOW - 300)]).await;
    let in_range = async |by: &str, start: i64, end: i64| {
        let body = json!({"StartTime": start, "EndTime": end, "TimeRangeType": by});
        fixture.ok("/TraceSummaries", body).await
    };
    assert_eq!(ids(&in_range("Event", NOW, NOW + 30).await), [""; 0]);
    let moved = in_range("Event", NOW + 30, NOW + 31).await;
    assert_eq!(moved["TraceSummaries"][0]["MatchedEventTime"], NOW + 30);
    assert_eq!(moved["TraceSummaries"][0]["Revision"], 2);
    assert_eq!(
        ids(&in_range("TraceId", NOW - 300, NOW - 299).await).len(),
        1
    );
}
