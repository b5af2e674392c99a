use serde_json::{Value, json};

use super::fixture::{Fixture, NOW, segment, trace_id};

async fn start(fixture: &Fixture, numbers: impl IntoIterator<Item = u32>) -> String {
    let ids: Vec<String> = numbers.into_iter().map(trace_id).collect();
    let body = json!({"TraceIds": ids, "StartTime": NOW - 10, "EndTime": NOW});
    let started = fixture.ok("/StartTraceRetrieval", body).await;
    started["RetrievalToken"].as_str().unwrap().to_owned()
}

/// Asks until the retrieval is complete.
async fn complete(fixture: &Fixture, path: &str, body: &Value) -> Value {
    loop {
        let answer = fixture.ok(path, body.clone()).await;
        match answer["RetrievalStatus"].as_str().unwrap() {
            "SCHEDULED" | "RUNNING" => {
                let found = answer.get("Traces").or(answer.get("Services")).unwrap();
                assert_eq!(*found, json!([]), "empty until complete");
                tokio::task::yield_now().await;
            }
            status => {
                assert_eq!(status, "COMPLETE");
                return answer;
            }
        }
    }
}

#[tokio::test]
async fn what_began_in_the_range_is_retrieved_in_both_formats() {
    let fixture = Fixture::new().await;
    let mut shop = segment(1, NOW - 10);
    shop["subsegments"] = json!([{
        "name": "cart", "id": "00000000000000aa", "namespace": "remote", "start_time": NOW - 10, "end_time": NOW - 9
    }]);
    let others = [segment(2, NOW), segment(3, NOW - 11), segment(4, NOW + 1)];
    fixture.store(&[shop]).await;
    fixture.store(&others).await;
    let token = start(&fixture, [4, 2, 1, 3, 9]).await;
    let body = json!({ "RetrievalToken": token });
    let answer = complete(&fixture, "/ListRetrievedTraces", &body).await;
    assert_eq!(answer["TraceFormat"], "XRAY");
    assert_eq!(answer["NextToken"], Value::Null);
    let ids: Vec<&Value> = answer["Traces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trace| &trace["Id"])
        .collect();
    assert_eq!(ids, [&json!(trace_id(2)), &json!(trace_id(1))]);
    let whole = fixture
        .ok("/Traces", json!({"TraceIds": [trace_id(1)]}))
        .await;
    assert_eq!(answer["Traces"][1]["Spans"], whole["Traces"][0]["Segments"]);
    assert_eq!(answer["Traces"][1]["Duration"], 1.0);

    let body = json!({"RetrievalToken": token, "TraceFormat": "OTEL"});
    let answer = complete(&fixture, "/ListRetrievedTraces", &body).await;
    assert_eq!(answer["TraceFormat"], "OTEL");
    let spans = answer["Traces"][1]["Spans"].as_array().unwrap();
    let parsed: Vec<Value> = spans
        .iter()
        .map(|span| serde_json::from_str(span["Document"].as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(spans[1]["Id"], "00000000000000aa");
    assert_eq!(parsed[1]["parentSpanId"], parsed[0]["spanId"]);
    assert_eq!(parsed[1]["kind"], "CLIENT");
}

#[tokio::test]
async fn a_long_retrieval_comes_in_pages() {
    let fixture = Fixture::new().await;
    let mut large = segment(1, NOW);
    let parts = (0..249).map(|number| {
        json!({"name": "part", "id": format!("{:016x}", 1_000 + number), "start_time": NOW, "end_time": NOW})
    });
    large["subsegments"] = parts.collect();
    fixture.store(&[large]).await;
    let small: Vec<Value> = (2..=8).map(|number| segment(number, NOW)).collect();
    fixture.store(&small).await;
    let token = start(&fixture, 1..=8).await;
    let mut body = json!({"RetrievalToken": token, "TraceFormat": "OTEL"});
    let mut pages = Vec::new();
    loop {
        let answer = complete(&fixture, "/ListRetrievedTraces", &body).await;
        let traces = answer["Traces"].as_array().unwrap();
        let spans = traces
            .iter()
            .map(|trace| trace["Spans"].as_array().unwrap().len());
        pages.push(spans.collect::<Vec<_>>());
        body["NextToken"] = answer["NextToken"].clone();
        if body["NextToken"].is_null() {
            break;
        }
    }
    assert_eq!(
        pages,
        [vec![100], vec![100], vec![50, 1, 1, 1, 1], vec![1, 1, 1]]
    );
    body["NextToken"] = json!("made-up");
    let (code, message) = fixture.error("/ListRetrievedTraces", body).await;
    assert_eq!(code, "InvalidRequestException");
    assert_eq!(message, "Invalid token made-up");
}

#[tokio::test]
async fn the_graph_of_a_retrieval_has_links() {
    let fixture = Fixture::new().await;
    let mut worker = segment(1, NOW);
    worker["links"] = json!([{
        "trace_id": trace_id(7), "id": "00000000000000bb", "attributes": {"aws.xray.reserved.reference_type": "parent"}
    }]);
    fixture.store(&[worker, segment(2, NOW)]).await;
    let token = start(&fixture, [1, 2]).await;
    let body = json!({ "RetrievalToken": token });
    let answer = complete(&fixture, "/GetRetrievedTracesGraph", &body).await;
    assert_eq!(answer["NextToken"], Value::Null);
    let services = answer["Services"].as_array().unwrap();
    let shop = services
        .iter()
        .find(|service| service["Service"]["Type"].is_null())
        .unwrap();
    assert_eq!(shop["Service"]["Name"], "shop");
    assert_eq!(shop["Service"]["SummaryStatistics"]["TotalCount"], 2);
    let link = json!({
        "DestinationTraceIds": [trace_id(7)], "ReferenceType": "parent", "SourceTraceId": trace_id(1)
    });
    assert_eq!(shop["Links"], json!([link]));
}

#[tokio::test]
async fn a_token_is_good_for_an_hour_and_a_cancelled_one_finds_nothing() {
    let fixture = Fixture::new().await;
    fixture.store(&[segment(1, NOW)]).await;
    let token = start(&fixture, [1]).await;
    let body = json!({ "RetrievalToken": token });
    // The retrieval has not had a turn yet.
    let cancelled = fixture.ok("/CancelTraceRetrieval", body.clone()).await;
    assert_eq!(cancelled, json!({}));
    tokio::task::yield_now().await;
    let answer = fixture.ok("/ListRetrievedTraces", body).await;
    assert_eq!(answer["RetrievalStatus"], "CANCELLED");
    assert_eq!(answer["Traces"], json!([]));

    let token = start(&fixture, [1]).await;
    let body = json!({ "RetrievalToken": token });
    complete(&fixture, "/ListRetrievedTraces", &body).await;
    fixture.ok("/CancelTraceRetrieval", body.clone()).await;
    let again = complete(&fixture, "/ListRetrievedTraces", &body).await;
    assert_eq!(again["Traces"].as_array().unwrap().len(), 1);
    fixture.pass_seconds(3_601);
    for path in [
        "/ListRetrievedTraces",
        "/GetRetrievedTracesGraph",
        "/CancelTraceRetrieval",
    ] {
        let (code, _) = fixture.error(path, body.clone()).await;
        assert_eq!(code, "ResourceNotFoundException");
    }
}

#[tokio::test]
async fn what_a_retrieval_refuses() {
    let fixture = Fixture::new().await;
    let path = "/StartTraceRetrieval";
    let (code, message) = fixture.error(path, json!({})).await;
    assert_eq!(code, "ValidationException");
    assert!(message.starts_with("3 validation errors"), "{message}");
    let range =
        |ids: Value, start: i64| json!({"TraceIds": ids, "StartTime": start, "EndTime": NOW});
    let many: Vec<String> = (0..101).map(trace_id).collect();
    let (code, _) = fixture.error(path, range(json!(many), NOW)).await;
    assert_eq!(code, "ValidationException");
    let (code, message) = fixture.error(path, range(json!(["x"]), NOW)).await;
    assert_eq!(code, "InvalidRequestException");
    assert_eq!(message, "Invalid trace id x: incorrect id format");
    let (_, message) = fixture.error(path, range(json!([]), NOW + 1)).await;
    assert_eq!(message, "End time cannot be earlier than start time");
    for _ in 0..256 {
        fixture.ok(path, range(json!([]), NOW)).await;
    }
    let (code, _) = fixture.error(path, range(json!([]), NOW)).await;
    assert_eq!(code, "ThrottledException");
    let body = json!({"RetrievalToken": "x", "TraceFormat": "ZIP"});
    let (code, _) = fixture.error("/ListRetrievedTraces", body).await;
    assert_eq!(code, "ValidationException");
}
