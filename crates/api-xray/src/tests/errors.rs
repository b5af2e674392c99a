use http::{Method, StatusCode};
use serde_json::json;

use fluoro_store::hot::HotSettings;

use super::fixture::{Fixture, Ground, NOW, segment};

#[tokio::test]
async fn an_answer_has_the_services_headers() {
    let fixture = Fixture::new().await;
    let response = fixture.send(Method::POST, "/GetSamplingRules", b"").await;
    let headers = response.headers();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(
        headers["x-amzn-requestid"],
        "5b0c6b5e-0000-4000-8000-000000000000"
    );
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(
        headers["strict-transport-security"],
        "max-age=31540000; includeSubDomains"
    );
    assert!(!headers.contains_key("x-amzn-errortype"));
}

#[tokio::test]
async fn a_path_or_method_of_no_operation_is_answered_as_recorded() {
    let fixture = Fixture::new().await;
    for (method, path) in [
        (Method::POST, "/GetTraceSummaries"),
        (Method::GET, "/Traces"),
    ] {
        let response = fixture.send(method, path, b"{}").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.body(),
            r#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#
        );
    }
}

#[tokio::test]
async fn what_is_no_json_cannot_be_deserialised() {
    let fixture = Fixture::new().await;
    for body in [
        &b"{"[..],
        b"[]",
        b"3",
        b"\xff\xfe",
        b"{\"TraceIds\":[[[[\"x\"]]]]}",
    ] {
        let response = fixture.send(Method::POST, "/Traces", body).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body:?}");
        assert_eq!(
            response.headers()["x-amzn-errortype"],
            "SerializationException"
        );
    }
}

#[tokio::test]
async fn windows_are_checked() {
    let fixture = Fixture::new().await;
    let window = |start: i64, end: i64| json!({"StartTime": start, "EndTime": end});
    for path in ["/TraceSummaries", "/ServiceGraph"] {
        let (code, message) = fixture.error(path, window(NOW, NOW - 1)).await;
        assert_eq!(code, "InvalidRequestException");
        assert_eq!(message, "End time cannot be earlier than start time");
        let (code, message) = fixture.error(path, json!({})).await;
        assert_eq!(code, "ValidationException");
        assert_eq!(
            message,
            "2 validation errors detected: Value null at 'startTime' failed to satisfy constraint: Member must not be \
             null; Value null at 'endTime' failed to satisfy constraint: Member must not be null"
        );
    }
    let (_, message) = fixture
        .error("/ServiceGraph", window(NOW - 6 * 3600 - 1, NOW))
        .await;
    assert_eq!(message, "Time range cannot be longer than 6 hours");
    let (_, message) = fixture
        .error("/TraceSummaries", window(NOW - 24 * 3600 - 1, NOW))
        .await;
    assert_eq!(message, "Time range cannot be longer than 24 hours");
}

#[tokio::test]
async fn a_group_that_cannot_be_is_not_found() {
    let fixture = Fixture::new().await;
    let graph = |group: &str| json!({"StartTime": NOW - 60, "EndTime": NOW, "GroupName": group});
    let (_, message) = fixture.error("/ServiceGraph", graph("checkout")).await;
    assert_eq!(message, "Group not found.");
    fixture.ok("/ServiceGraph", graph("Default")).await;
}

#[tokio::test]
async fn a_question_for_which_there_is_no_memory_is_throttled() {
    let fixture = Fixture::on(Ground {
        hot: HotSettings {
            question_bytes: 0,
            ..HotSettings::default()
        },
        ..Ground::default()
    })
    .await;
    fixture.store(&[segment(1, NOW - 10)]).await;
    let window = json!({"StartTime": NOW - 60, "EndTime": NOW + 60});
    for path in [
        "/TraceSummaries",
        "/ServiceGraph",
        "/TimeSeriesServiceStatistics",
    ] {
        let body = window.to_string();
        let response = fixture.send(Method::POST, path, body.as_bytes()).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS, "{path}");
        let headers = response.headers();
        assert_eq!(headers["x-amzn-errortype"], "ThrottledException", "{path}");
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        let message = body["Message"].as_str().unwrap();
        assert!(message.contains("query.memory"), "{path}: {body}");
        assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    }
}
