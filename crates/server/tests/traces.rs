//! From each door to a trace that is there, and known to be finished.

use fluoro_ambient::Ambient;
use fluoro_testkit::{TestServer, new_trace, until};
use http::StatusCode;
use serde_json::{Value, json};

fn segment(trace: &str, id: &str, open: bool) -> Value {
    let ambient = Ambient::system();
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds of this century fit"
    )]
    let now = ambient.now_micros() as f64 / 1e6;
    let mut segment =
        json!({ "trace_id": trace, "id": id, "name": "shop", "start_time": now - 1.0 });
    if open {
        segment["in_progress"] = json!(true);
    } else {
        segment["end_time"] = json!(now);
    }
    segment
}

#[tokio::test]
async fn a_trace_is_known_to_be_open_and_then_complete() {
    let server = TestServer::start().await;
    let trace = new_trace(&Ambient::system()).to_string();
    let put = |document: Value| {
        let input = json!({ "TraceSegmentDocuments": [document.to_string()] });
        server.xray("/TraceSegments", &input).send()
    };
    let state = || async {
        let path = format!("/_fluoro/traces/{trace}?wait=10ms");
        server.get(&path).send().await.expect(StatusCode::OK)
    };
    assert_eq!(
        (&state().await["found"], &state().await["complete"]),
        (&json!(false), &json!(false))
    );

    let put_open = put(segment(&trace, "00000000000000a1", true)).await;
    assert_eq!(put_open.status, StatusCode::OK);
    let open = state().await;
    assert_eq!(open["complete"], false, "{open}");
    assert_eq!(open["open"].as_array().unwrap().len(), 1, "{open}");

    let put_whole = put(segment(&trace, "00000000000000a1", false)).await;
    assert_eq!(put_whole.status, StatusCode::OK);
    let waited = server
        .get(&format!("/_fluoro/traces/{trace}?wait=30s"))
        .send()
        .await;
    assert_eq!(waited.expect(StatusCode::OK)["complete"], true);
    assert_eq!(server.documents(&trace).await.len(), 1);

    for bad in [
        "/_fluoro/traces/nonsense",
        &format!("/_fluoro/traces/{trace}?wait=soon"),
    ] {
        let answer = server.get(bad).send().await.expect(StatusCode::BAD_REQUEST);
        assert!(answer["error"]["message"].is_string());
    }
    server.stop().await;
}

#[tokio::test]
async fn datagrams_become_traces_that_survive_a_restart() {
    let server = TestServer::start().await;
    let trace = new_trace(&Ambient::system()).to_string();
    server
        .datagram(&segment(&trace, "00000000000000b1", false))
        .await;
    until("the datagram's trace", || async {
        let found = server.documents(&trace).await;
        (!found.is_empty()).then_some(())
    })
    .await;
    let server = server.restart().await;
    assert_eq!(server.documents(&trace).await.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn the_doctor_counts_what_was_refused() {
    let server = TestServer::start().await;
    server.datagram(&json!({ "name": "no ids" })).await;
    let line = until("a refused line", || async {
        let report = server
            .get("/_fluoro/doctor")
            .send()
            .await
            .expect(StatusCode::OK);
        let lines = report["lines"].as_array().cloned().unwrap_or_default();
        lines.into_iter().find(|line| line["class"] == "refused")
    })
    .await;
    assert_eq!(line["count"], 1);
    assert!(
        line["mend"].as_str().is_some_and(|mend| !mend.is_empty()),
        "{line}"
    );
    server.stop().await;
}

#[tokio::test]
async fn samplers_get_rules_and_targets_over_tcp() {
    let server = TestServer::start_with(|settings| {
        settings.sample = fluoro_server::settings::Sample::All;
    })
    .await;
    // As the SDKs send it: with a body, with an explicit null, with none at all.
    for body in ["{}", "{\"NextToken\": null}", ""] {
        let rules = server.ask_daemon("/GetSamplingRules", body).send().await;
        let rules = rules.expect(StatusCode::OK);
        let rule = &rules["SamplingRuleRecords"][0]["SamplingRule"];
        assert_eq!(rule["RuleName"], "Default");
        assert_eq!(rule["FixedRate"], 1.0);
        assert_eq!(rule["Attributes"], json!({}));
    }
    let report = json!({ "SamplingStatisticsDocuments": [{
        "RuleName": "Default", "ClientID": "0123456789abcdef01234567", "Timestamp": 1_790_000_000,
        "RequestCount": 5, "SampledCount": 5, "BorrowCount": 0,
    }] });
    let targets = server
        .ask_daemon("/SamplingTargets", &report.to_string())
        .send()
        .await;
    let targets = targets.expect(StatusCode::OK);
    assert!(targets["LastRuleModification"].is_number(), "{targets}");
    assert_eq!(targets["SamplingTargetDocuments"][0]["RuleName"], "Default");

    let counts = server
        .get("/_fluoro/sampling")
        .send()
        .await
        .expect(StatusCode::OK);
    assert_eq!(counts["rules"][0]["requests"], 5, "{counts}");
    server.stop().await;
}
