//! Traces exported as one file.

use std::collections::BTreeMap;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_block::sealed;
use fluoro_block::segments::SegmentsFile;
use fluoro_testkit::{TestServer, new_trace};
use http::StatusCode;
use serde_json::{Value, json};

/// The documents of each trace, in the order of the file.
type Traces = BTreeMap<String, Vec<String>>;

fn document(trace: &str, id: u64, start: f64, more: Value) -> String {
    let mut segment = json!({
        "trace_id": trace, "id": format!("{id:016x}"), "name": "shop", "start_time": start, "end_time": start + 0.5,
    });
    for (member, value) in more.as_object().into_iter().flatten() {
        segment[member] = value.clone();
    }
    // Spelled as nobody would: documents come back as they came.
    format!(" {segment:#}\n")
}

async fn put(server: &TestServer, documents: &[&String]) {
    let input = json!({ "TraceSegmentDocuments": documents });
    let answer = server.xray("/TraceSegments", &input).send().await;
    let refused = &answer.expect(StatusCode::OK)["UnprocessedTraceSegments"];
    assert_eq!(refused, &json!([]));
}

async fn settle(server: &TestServer) {
    let settled = server.post("/_fluoro/settle", &Value::Null).send().await;
    assert_eq!(settled.status, StatusCode::OK);
}

/// What an export has, and how many traces its head tells of.
async fn export(server: &TestServer, query: &str) -> (Traces, usize) {
    let answer = server.get(&format!("/_fluoro/export{query}")).send().await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        "application/vnd.apache.parquet"
    );
    let told = answer.header("x-fluoro-traces").parse();
    let told = told.expect("the head tells of the traces");
    let file = sealed::open(answer.body).expect("an export is sealed");
    let file = SegmentsFile::open(file).expect("an export is a file of segments");
    let mut traces = Traces::new();
    let mut last = None;
    for row in file.all().flat_map(|rows| rows.expect("rows are sound")) {
        assert!(last.replace(row.place()) < Some(row.place()));
        let document = row.document(&file.model());
        let document: Bytes = document.expect("documents are sound");
        let document = String::from_utf8(document.to_vec()).expect("documents are text");
        let documents = traces.entry(row.trace.to_string()).or_default();
        documents.push(document);
    }
    (traces, told)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of this century fit"
)]
fn now() -> f64 {
    Ambient::system().now_micros() as f64 / 1e6
}

#[tokio::test]
async fn what_is_hot_and_what_is_at_rest_is_exported_as_it_came() {
    let server = TestServer::start().await;
    let now = now().floor();
    let ids = [(); 3].map(|()| new_trace(&Ambient::system()).to_string());
    let faulty = json!({"fault": true, "metadata": {"all": [1, "ü", null]}});
    let documents = [
        document(&ids[0], 1, now - 90.0, faulty),
        document(
            &ids[0],
            2,
            now - 89.0,
            json!({"parent_id": "0000000000000001"}),
        ),
        document(
            &ids[0],
            3,
            now - 88.0,
            json!({"parent_id": "0000000000000001"}),
        ),
        document(
            &ids[1],
            4,
            now - 60.0,
            json!({"in_progress": true, "end_time": null}),
        ),
        document(&ids[1], 4, now - 60.0, json!({})),
        document(&ids[2], 5, now - 30.0, json!({"error": true})),
    ];
    let [first, second, third, open, closed, last] = &documents;
    put(&server, &[second, first]).await;
    put(&server, &[open]).await;
    settle(&server).await;
    put(&server, &[third, closed, last]).await;
    let all: Traces = [
        (&ids[0], vec![first, second, third]),
        (&ids[1], vec![open, closed]),
        (&ids[2], vec![last]),
    ]
    .into_iter()
    .map(|(id, documents)| (id.clone(), documents.into_iter().cloned().collect()))
    .collect();
    let some = |wanted: &[usize]| {
        let wanted = wanted.iter().map(|index| &ids[*index]);
        let wanted = wanted.map(|id| (id.clone(), all[id].clone()));
        let wanted: Traces = wanted.collect();
        let count = wanted.len();
        (wanted, count)
    };
    for _ in 0..2 {
        assert_eq!(export(&server, "").await, some(&[0, 1, 2]));
        assert_eq!(export(&server, "?filter=fault").await, some(&[0]));
        assert_eq!(
            export(&server, "?filter=fault%20OR%20error").await,
            some(&[0, 2])
        );
        let from = now - 60.0;
        let since = export(&server, &format!("?from={from}")).await;
        assert_eq!(since, some(&[1, 2]));
        let before = export(&server, &format!("?to={from}")).await;
        assert_eq!(before, some(&[0]));
        let between = format!("?from={from}&to={}&filter=ok", now - 30.0);
        assert_eq!(export(&server, &between).await, some(&[1]));
        assert_eq!(export(&server, "?filter=throttle").await, some(&[]));
        settle(&server).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn nothing_is_a_file_too() {
    let server = TestServer::start().await;
    assert_eq!(export(&server, "").await, (Traces::new(), 0));
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_exported_is_refused() {
    let server = TestServer::start().await;
    for (query, code) in [
        ("filter=fault%20AND", "BadFilter"),
        ("filter=nonsense%20%3D%201", "BadFilter"),
        ("from=yesterday", "BadTime"),
        ("to=NaN", "BadTime"),
        ("from=2&to=1", "BadTime"),
    ] {
        let answer = server.get(&format!("/_fluoro/export?{query}")).send().await;
        let answer = answer.expect(StatusCode::BAD_REQUEST);
        assert_eq!(answer["error"]["code"], code, "{query}");
    }
    server.stop().await;
}
