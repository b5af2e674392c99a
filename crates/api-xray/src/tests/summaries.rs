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
async fn a_filter_chooses_and_everything_it_looked_at_is_counted() {
    let fixture = seven().await;
    let with = |filter: &str| window(json!({"FilterExpression": filter}));
    let mut failed = segment(8, NOW - 50);
    failed["fault"] = json!(true);
    fixture.store(&[failed]).await;
    let found = fixture.ok("/TraceSummaries", with("fault = true")).await;
    assert_eq!(ids(&found), [trace_id(8)]);
    assert_eq!(found["TracesProcessedCount"], 8);
    assert_eq!(found["NextToken"], Value::Null);
    for everything in ["", " ", "ok OR fault"] {
        let all = fixture.ok("/TraceSummaries", with(everything)).await;
        assert_eq!(ids(&all).len(), 3, "a page is three, {everything:?}");
    }
}

#[tokio::test]
async fn pages_of_a_filter_go_on_where_the_last_match_was() {
    let fixture = seven().await;
    let mut body = window(json!({"FilterExpression": "service(\"shop\") AND duration = 1"}));
    let first = fixture.ok("/TraceSummaries", body.clone()).await;
    body["NextToken"] = first["NextToken"].clone();
    let second = fixture.ok("/TraceSummaries", body.clone()).await;
    assert!(ids(&second).iter().all(|id| !ids(&first).contains(id)));
    body["FilterExpression"] = json!("!ok");
    let none = fixture.ok("/TraceSummaries", body).await;
    assert_eq!((ids(&none).len(), &none["NextToken"]), (0, &Value::Null));
}

#[tokio::test]
async fn a_rare_trace_is_found_behind_all_that_are_later() {
    let fixture = seven().await;
    let mut slow = segment(99, NOW - 500);
    slow["end_time"] = json!(NOW - 490);
    fixture.store(&[slow]).await;
    let later: Vec<Value> = (100..150u32)
        .map(|number| segment(number, NOW - 400 + i64::from(number)))
        .collect();
    fixture.store(&later).await;
    // No column tells how long a service took.
    let body = window(json!({"FilterExpression": "service() { responsetime > 5 }"}));
    let found = fixture.ok("/TraceSummaries", body).await;
    assert_eq!(ids(&found), [trace_id(99)]);
    assert_eq!(found["TracesProcessedCount"], 58);
    assert_eq!(found["NextToken"], Value::Null);
}

#[tokio::test]
async fn a_bad_filter_is_refused_in_the_services_words() {
    let fixture = Fixture::new().await;
    let refused = async |filter: &str| {
        let (code, message) = fixture
            .error(
                "/TraceSummaries",
                window(json!({"FilterExpression": filter})),
            )
            .await;
        assert_eq!(code, "InvalidRequestException", "{filter}");
        message
    };
    assert_eq!(
        refused("fault AND (").await,
        "Error Location: line 1, position 12 : Invalid input symbol: 'fault AND ('"
    );
    assert_eq!(
        refused("responsetime > 1 AND nonsense = 2").await,
        "Error Location: line 1, position 22 : Invalid input symbol: 'nonsense'"
    );
}

#[tokio::test]
async fn a_range_of_type_service_tells_which_segment_and_call_matched() {
    let fixture = Fixture::new().await;
    let mut shop = segment(1, NOW - 300);
    shop["end_time"] = json!(NOW - 290);
    shop["subsegments"] = json!([{"name": "cart", "id": "00000000000000aa", "start_time": NOW - 299,
        "end_time": NOW - 297, "namespace": "remote", "error": true}]);
    let cart = json!({"name": "cart", "id": "00000000000000ab", "trace_id": trace_id(1),
        "parent_id": "00000000000000aa", "start_time": NOW - 298, "end_time": NOW - 294, "fault": true,
        "annotations": {"tenant": "acme"}});
    fixture.store(&[shop, cart]).await;
    let found = async |start: i64, filter: &str| {
        let body = json!({"StartTime": start, "EndTime": start + 1, "TimeRangeType": "Service",
            "FilterExpression": filter});
        fixture.ok("/TraceSummaries", body).await
    };
    let service = found(NOW - 294, "service(\"cart\") { fault }").await;
    let summary = &service["TraceSummaries"][0];
    assert_eq!(
        summary["MatchedService"],
        json!({
            "Annotations": {"tenant": [{"BooleanValue": null, "NumberValue": null, "StringValue": "acme"}]},
            "HasError": false, "HasFault": true, "HasThrottle": false, "ResponseTime": 4.0
        })
    );
    assert_eq!(summary["MatchedEdge"], Value::Null);
    assert_eq!(service["ApproximateTime"], NOW - 294 - 60);
    let edge = found(NOW - 297, "edge(\"shop\", \"cart\")").await;
    let summary = &edge["TraceSummaries"][0];
    assert_eq!(
        summary["MatchedEdge"],
        json!({
            "DestinationAnnotations":
                {"tenant": [{"BooleanValue": null, "NumberValue": null, "StringValue": "acme"}]},
            "HasError": true, "HasFault": false, "HasThrottle": false, "ResponseTime": 2.0
        })
    );
    assert_eq!(summary["MatchedService"], Value::Null);
    assert_eq!(
        ids(&found(NOW - 294, "edge(\"shop\", \"cart\")").await).len(),
        0
    );
    let whole = window(json!({"FilterExpression": "service(\"cart\")"}));
    let by_start = fixture.ok("/TraceSummaries", whole).await;
    assert_eq!(by_start["TraceSummaries"][0]["MatchedService"], Value::Null);
    assert_eq!(
        by_start["TraceSummaries"][0]["MatchedEventTime"],
        Value::Null
    );
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

#[tokio::test]
async fn a_service_of_the_own_account_and_one_of_none_are_the_same() {
    let fixture = Fixture::new().await;
    let part = |number: u32, account: Value| {
        let mut part = segment(1, NOW - 60);
        part["id"] = json!(format!("{number:016x}"));
        part["parent_id"] = json!("0000000000000001");
        part["aws"] = json!({"account_id": account});
        part
    };
    let documents = [
        segment(1, NOW - 60),
        part(2, json!("000000000000")),
        part(3, json!("111122223333")),
    ];
    fixture.store(&documents).await;
    let answer = fixture.ok("/TraceSummaries", window(json!({}))).await;
    let services = answer["TraceSummaries"][0]["ServiceIds"]
        .as_array()
        .unwrap();
    let told: Vec<_> = services
        .iter()
        .map(|service| (&service["Type"], &service["AccountId"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!(null), &json!(null)),
            (&json!(null), &json!("111122223333")),
            (&json!("client"), &json!(null)),
        ]
    );
}

#[tokio::test]
async fn a_trace_without_its_root_tells_what_is_there() {
    let fixture = Fixture::new().await;
    let mut orphan = segment(1, NOW - 60);
    orphan["parent_id"] = json!("00000000000000ff");
    orphan["http"] = json!({"request": {"method": "GET"}, "response": {"status": 503}});
    fixture.store(&[orphan]).await;
    let answer = fixture.ok("/TraceSummaries", window(json!({}))).await;
    let summary = &answer["TraceSummaries"][0];
    let service = json!({"AccountId": null, "Name": "shop", "Names": ["shop"], "Type": null});
    let http = json!({"ClientIp": null, "HttpMethod": null, "HttpStatus": null, "HttpURL": null, "UserAgent": null});
    for (member, expected) in [
        ("EntryPoint", json!(null)),
        ("Http", http),
        ("ResponseTime", json!(null)),
        ("Duration", json!(1.0)),
        ("IsPartial", json!(true)),
        ("HasFault", json!(false)),
        ("ServiceIds", json!([service])),
    ] {
        assert_eq!(summary[member], expected, "{member}");
    }
}
