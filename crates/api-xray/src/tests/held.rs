//! What answers hold, until they have been sent.

use fluoro_store::hot::HotSettings;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::fixture::{Fixture, Ground, NOW, segment, trace_id};

/// What every answer takes, but for those that tell little.
const LITTLE: usize = 4_000;

fn tells_little(path: &str) -> bool {
    path == "/TimeSeriesServiceStatistics"
}

async fn with_memory(question_bytes: usize) -> Fixture {
    let hot = HotSettings {
        question_bytes,
        ..HotSettings::default()
    };
    Fixture::on(Ground {
        hot,
        ..Ground::default()
    })
    .await
}

/// A fixture with a trace, and every question whose answer tells of it.
async fn asked(question_bytes: usize) -> (Fixture, Vec<(&'static str, Value)>) {
    let fixture = with_memory(question_bytes).await;
    let mut shop = segment(1, NOW - 60);
    shop["metadata"] = json!({"note": "n".repeat(20_000)});
    let calls = (0..40).map(|number| {
        json!({
            "id": format!("{:016x}", 100 + number), "name": format!("{number}.{}", "n".repeat(150)), "namespace": "remote",
            "start_time": NOW - 60, "end_time": NOW - 59
        })
    });
    shop["subsegments"] = calls.collect();
    fixture.store(&[shop]).await;
    let body = json!({"TraceIds": [trace_id(1)], "StartTime": NOW - 60, "EndTime": NOW});
    let started = fixture.ok("/StartTraceRetrieval", body).await;
    let retrieved = json!({"RetrievalToken": started["RetrievalToken"]});
    loop {
        let (status, answer) = fixture
            .post("/ListRetrievedTraces", retrieved.clone())
            .await;
        if status != StatusCode::OK || answer["RetrievalStatus"] == "COMPLETE" {
            break;
        }
        tokio::task::yield_now().await;
    }
    let (ids, window) = (
        json!({"TraceIds": [trace_id(1)]}),
        json!({"StartTime": NOW - 60, "EndTime": NOW + 60}),
    );
    let asked = vec![
        ("/Traces", ids.clone()),
        ("/TraceGraph", ids),
        ("/TraceSummaries", window.clone()),
        ("/ServiceGraph", window.clone()),
        ("/TimeSeriesServiceStatistics", window),
        ("/ListRetrievedTraces", retrieved.clone()),
        ("/GetRetrievedTracesGraph", retrieved),
    ];
    (fixture, asked)
}

#[tokio::test]
async fn an_answer_counts_until_it_has_been_sent() {
    let (fixture, asked) = asked(64 << 20).await;
    let held = || fixture.xray.parts.questions.held();
    for (path, body) in asked {
        let body = body.to_string();
        let answer = fixture.send(Method::POST, path, body.as_bytes()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(answer.body().len() > LITTLE || tells_little(path), "{path}");
        assert!(held() >= answer.body().len(), "{path}");
        assert!(
            held() <= 2 * answer.body().len() + 2_000,
            "{path}: nothing but the answer"
        );
        drop(answer);
        assert_eq!(held(), 0, "{path}");
    }
}

#[tokio::test]
async fn an_answer_for_which_there_is_no_room_is_refused_and_leaves_nothing() {
    let (fixture, asked) = asked(LITTLE).await;
    for (path, body) in asked.into_iter().filter(|(path, _)| !tells_little(path)) {
        let (code, message) = fixture.error(path, body).await;
        assert_eq!(code, "ThrottledException", "{path}");
        assert!(message.contains("query.memory"), "{path}: {message}");
        assert_eq!(fixture.xray.parts.questions.held(), 0, "{path}");
    }
}

#[tokio::test]
async fn documents_count_that_a_trace_graph_reads() {
    let fixture = with_memory(20_000).await;
    let mut shop = segment(1, NOW - 60);
    shop["metadata"] = json!({"note": "n".repeat(20_000)});
    fixture.store(&[shop]).await;
    let body = json!({"TraceIds": [trace_id(1)]});
    fixture.ok("/TraceGraph", body.clone()).await;
    // How long it took before its last delivery is in its documents alone.
    fixture.pass_seconds(1);
    let mut later = segment(2, NOW - 60);
    later["trace_id"] = json!(trace_id(1));
    fixture.store(&[later]).await;
    let (code, _) = fixture.error("/TraceGraph", body).await;
    assert_eq!(code, "ThrottledException");
    assert_eq!(fixture.xray.parts.questions.held(), 0);
}
