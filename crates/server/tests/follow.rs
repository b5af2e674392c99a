//! Traces followed as they come.

use fluoro_ambient::Ambient;
use fluoro_testkit::{TestServer, new_trace};
use http::StatusCode;
use serde_json::{Value, json};

/// Puts a segment of a new trace, and returns the trace's id.
async fn put(server: &TestServer, name: &str, more: Value) -> String {
    let ambient = Ambient::system();
    let trace = new_trace(&ambient).to_string();
    put_in(server, &trace, "00000000000000a1", name, more).await;
    trace
}

async fn put_in(server: &TestServer, trace: &str, id: &str, name: &str, more: Value) {
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds of this century fit"
    )]
    let now = Ambient::system().now_micros() as f64 / 1e6;
    let mut segment = json!({
        "trace_id": trace, "id": id, "name": name, "start_time": now - 0.5, "end_time": now,
    });
    for (member, value) in more.as_object().into_iter().flatten() {
        segment[member] = value.clone();
    }
    let input = json!({ "TraceSegmentDocuments": [segment.to_string()] });
    let answer = server.xray("/TraceSegments", &input).send().await;
    assert_eq!(
        answer.expect(StatusCode::OK)["UnprocessedTraceSegments"],
        json!([])
    );
}

#[tokio::test]
async fn a_trace_is_told_of_when_it_comes_and_when_it_changes() {
    let server = TestServer::start().await;
    let earlier = put(&server, "shop", json!({})).await;
    let mut lines = server.get("/_fluoro/traces?follow=true").follow().await;
    let trace = put(&server, "shop", json!({ "fault": true })).await;
    assert_ne!(trace, earlier);
    let told = lines.next().await.unwrap();
    assert_eq!(told["summary"]["Id"], trace.as_str(), "{told}");
    assert_eq!(told["summary"]["HasFault"], true);
    assert_eq!(told["summary"]["EntryPoint"]["Name"], "shop");
    let child = json!({ "parent_id": "00000000000000a1" });
    put_in(&server, &trace, "00000000000000a2", "stock", child).await;
    let told = lines.next().await.unwrap();
    assert_eq!(told["summary"]["Id"], trace.as_str());
    assert_eq!(told["summary"]["Revision"], 2);
    server.stop().await;
    assert_eq!(lines.next().await, None);
}

#[tokio::test]
async fn only_what_the_filter_finds_is_told() {
    let server = TestServer::start().await;
    let path = "/_fluoro/traces?follow=true&filter=service(%22stock%22)%20AND%20fault";
    let mut lines = server.get(path).follow().await;
    put(&server, "shop", json!({ "fault": true })).await;
    put(&server, "stock", json!({})).await;
    let wanted = put(&server, "stock", json!({ "fault": true })).await;
    let told = lines.next().await.unwrap();
    assert_eq!(told["summary"]["Id"], wanted.as_str());
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused() {
    let server = TestServer::start().await;
    for (path, code) in [
        ("/_fluoro/traces", "BadFollow"),
        ("/_fluoro/traces?follow=false", "BadFollow"),
        (
            "/_fluoro/traces?follow=true&filter=fault%20AND",
            "BadFilter",
        ),
        (
            "/_fluoro/traces?follow=true&filter=nonsense%20%3D%201",
            "BadFilter",
        ),
    ] {
        let answer = server
            .get(path)
            .send()
            .await
            .expect(StatusCode::BAD_REQUEST);
        assert_eq!(answer["error"]["code"], code, "{path}");
        assert!(
            answer["error"]["message"]
                .as_str()
                .is_some_and(|message| message.len() > 20)
        );
    }
    server.stop().await;
}
