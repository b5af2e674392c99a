//! The views against a plain model: what the scan has, row by row.

use std::collections::BTreeMap;
use std::ops::Range;

use fluoro_model::TraceId;
use fluoro_store::scan::{Axis, Candidates, Scan};
use fluoro_trace::{Projection, Trace};
use serde_json::json;

use super::*;

const ALWAYS: Range<TimestampMicros> = TimestampMicros(i64::MIN)..TimestampMicros(i64::MAX);

async fn projections(bench: &Bench) -> BTreeMap<TraceId, Arc<Projection>> {
    let candidates = Candidates {
        range: ALWAYS,
        by: Axis::Received,
        columns: fluoro_filter::Columns::Anything,
        latest: None,
    };
    let found = bench.hot.find(&candidates).await.unwrap().projections;
    let by_id = found.into_iter().map(|trace| (trace.id, trace));
    by_id.collect()
}

fn close(value: &Value, wanted: Option<f64>) -> bool {
    match (value.as_f64(), wanted) {
        (Some(value), Some(wanted)) => (value - wanted).abs() < 2e-6,
        (value, wanted) => value == wanted,
    }
}

#[tokio::test]
async fn traces_are_what_the_scan_finds() {
    for state in State::ALL {
        let bench = Bench::of(state).await;
        let rows = bench.rows("select * from traces order by trace_id").await;
        let rows = rows.unwrap();
        let model = projections(&bench).await;
        assert_eq!(rows.len(), model.len(), "{state:?}");
        for (row, projection) in rows.iter().zip(model.values()) {
            let documents = Scan::documents(&*bench.hot, projection.id).await.unwrap();
            assert_eq!(row["trace_id"], projection.id.to_string());
            assert_eq!(row["documents"], documents.len(), "{state:?} {row}");
            assert_eq!(row["revision"], projection.revision);
            assert_eq!(row["complete"], projection.is_complete());
            assert_eq!(row["partial"], projection.partial);
            assert!(
                close(&row["duration"], projection.summary_duration()),
                "{row}"
            );
            assert!(close(&row["response_time"], projection.response_time()));
            let root = projection.root();
            let outcome = root.map(|root| root.outcome).unwrap_or_default();
            assert_eq!(
                [&row["fault"], &row["error"], &row["throttle"]],
                [outcome.fault, outcome.error, outcome.throttle]
            );
            let name = root.map(|root| &*projection.node(root.node).name);
            assert_eq!(row["name"], json!(name));
            let http = root.and_then(|root| root.http.as_ref());
            assert_eq!(
                row["http_url"],
                json!(http.and_then(|http| http.url.as_deref()))
            );
            assert_eq!(row["http_status"], json!(http.and_then(|http| http.status)));
        }
    }
}

#[tokio::test]
async fn segments_and_spans_are_what_documents_say() {
    for state in State::ALL {
        let bench = Bench::of(state).await;
        let (mut spans, mut segments) = (Vec::new(), Vec::new());
        for trace in projections(&bench).await.into_keys() {
            let documents = Scan::documents(&*bench.hot, trace).await.unwrap();
            let assembled = Trace::assemble(trace, &documents);
            for placed in assembled.entities() {
                spans.push(json!({
                    "trace_id": trace, "id": placed.entity.id, "parent_id": placed.parent_id, "segment_id": placed.segment.id,
                    "name": placed.entity.name, "service": placed.segment.name, "depth": placed.depth,
                    "is_segment": placed.fields.is_some(), "duration": placed.entity.duration(), "fault": placed.outcome.fault,
                }));
            }
            let outputs = assembled.segments();
            let reported = assembled
                .entities()
                .filter(|placed| placed.fields.is_some());
            let documents = reported.map(|placed| {
                let output = outputs.iter().find(|output| output.id == placed.entity.id);
                let fields = placed.fields.unwrap();
                json!({
                    "trace_id": trace, "id": placed.entity.id, "user": fields.user,
                    "document": output.unwrap().document,
                })
            });
            segments.extend(documents);
        }
        let told = bench
            .rows(
                "select trace_id, id, parent_id, segment_id, name, service, depth, is_segment, duration, fault \
                 from spans order by trace_id, id",
            )
            .await
            .unwrap();
        let by_id = |row: &Value| (row["trace_id"].to_string(), row["id"].to_string());
        spans.sort_by_key(by_id);
        assert_eq!(told, spans, "{state:?}");
        segments.sort_by_key(by_id);
        let told = bench
            .rows("select trace_id, id, \"user\", document from segments order by trace_id, id")
            .await
            .unwrap();
        assert_eq!(told, segments, "{state:?}");
    }
}

#[tokio::test]
async fn edges_are_what_graphs_count() {
    let call = json!({
        "trace_id": conformance::trace(80).to_string(), "id": "00000000000000a1", "name": "shop", "start_time": 1_790_000_000.0,
        "end_time": 1_790_000_001.0, "subsegments": [
            {"id": "00000000000000a2", "name": "stock", "namespace": "remote", "start_time": 1_790_000_000.1,
             "end_time": 1_790_000_000.6, "http": {"request": {"url": "http://stock/7", "method": "GET"}, "response": {"status": 503}}},
            {"id": "00000000000000a3", "name": "DynamoDB", "namespace": "aws", "start_time": 1_790_000_000.7,
             "end_time": 1_790_000_000.8, "aws": {"operation": "GetItem", "table_name": "carts"}},
        ],
    });
    for rests in [false, true] {
        let bench = Bench::of(State::Hot).await;
        bench
            .put(&[(TimestampMicros(NOW), vec![call.to_string()])])
            .await;
        if rests {
            bench.hot.come_to_rest().await.unwrap();
        }
        let mut wanted = Vec::new();
        for projection in projections(&bench).await.values() {
            for call in &projection.calls {
                let (from, to) = (projection.node(call.from), projection.node(call.to));
                wanted.push(json!({
                    "trace_id": projection.id, "caller": from.name, "caller_type": from.kind, "callee": to.name,
                    "callee_type": to.kind, "fault": call.outcome.fault, "duration": call.response_time,
                }));
            }
        }
        let text = |row: &Value| row.to_string();
        wanted.sort_by_key(text);
        let mut told = bench
            .rows("select trace_id, caller, caller_type, callee, callee_type, fault, duration from edges")
            .await
            .unwrap();
        told.sort_by_key(text);
        assert_eq!(told, wanted);
        let failed = "select caller || ' > ' || callee from edges \
                      where fault and inferred and http_status = 503 and caller_id is not null";
        assert_eq!(bench.column(failed).await, ["shop > stock"]);
    }
}

#[tokio::test]
async fn annotations_are_found_by_their_key() {
    for state in State::ALL {
        let bench = Bench::of(state).await;
        let gold = "select count(*) from segments where annotations['tier'] = 'gold'";
        assert_eq!(bench.column(gold).await, [8]);
        let tries = "select count(*) from spans where cast(annotations['tries'] as double) > 2.5";
        assert_eq!(bench.column(tries).await, [8]);
        let gold = "select count(*) from traces where array_has(annotations['tier'], 'gold')";
        assert_eq!(bench.column(gold).await, [8]);
        let users = "select count(*) from traces where array_has(users, 'u')";
        assert_eq!(bench.column(users).await, [24]);
        let services = "select distinct s from (select unnest(services) s from traces) order by s";
        assert_eq!(bench.column(services).await, ["s0", "s1", "s2"]);
        let none = "select count(*) from traces where annotations['nobody'] is not null";
        assert_eq!(bench.column(none).await, [0]);
    }
}

#[tokio::test]
async fn what_is_pushed_down_changes_no_answer() {
    let some = conformance::trace(7).to_string();
    let others = [conformance::trace(6), conformance::trace(61)].map(|id| id.to_string());
    let conditions = [
        format!("trace_id = '{some}'"),
        format!(
            "trace_id in ('{some}', '{}', '{}', 'x')",
            others[0], others[1]
        ),
        format!("trace_id = '{some}' or trace_id = '{}'", others[1]),
        format!("trace_id = '{some}' and trace_id = '{}'", others[1]),
        "trace_start >= '2026-09-21T14:14:00Z'".to_owned(),
        "trace_start < '2026-09-21T14:14:00Z'".to_owned(),
        "trace_start between '2026-09-21T14:13:30Z' and '2026-09-21T14:15:00Z'".to_owned(),
        "'2026-09-21T14:14:00.000000001Z' < trace_start".to_owned(),
        "received >= '2026-09-21T14:21:41Z'".to_owned(),
        "received < '2026-09-21T14:14:00Z'".to_owned(),
    ];
    for state in State::ALL {
        let bench = Bench::of(state).await;
        for view in ["traces", "segments", "spans", "edges"] {
            let named = match view {
                "traces" => {
                    "select trace_id, start_time trace_start, last_received received from traces"
                }
                _ => &format!("select trace_id, trace_start, received from {view}"),
            };
            let all = format!("select count(*) from ({named})");
            assert_ne!(bench.column(&all).await, [0]);
            for condition in &conditions {
                let asked = format!("select trace_id from ({named}) where {condition} order by 1");
                // What cannot be turned into a condition of the scan.
                let apart = format!(
                    "select trace_id from (select *, row_number() over () as n from ({named})) where {condition} order by 1"
                );
                let (asked, apart) = (bench.column(&asked).await, bench.column(&apart).await);
                assert_eq!(asked, apart, "{state:?} {view} {condition}");
            }
        }
    }
}

#[tokio::test]
async fn a_plan_shows_what_is_read() {
    let bench = Bench::of(State::Both).await;
    let some = conformance::trace(7);
    for (statement, wanted) in [
        (
            "select name from traces where start_time > '2026-09-21T14:13:20Z'".to_owned(),
            "ScanExec: view=traces, columns=[start_time, name], start=1790000000000000..",
        ),
        (
            format!("select id from spans where trace_id = '{some}'"),
            "ScanExec: view=spans, columns=[trace_id, id], traces=1",
        ),
        (
            "select callee from edges limit 3".to_owned(),
            "ScanExec: view=edges, columns=[callee], limit=3",
        ),
        (
            "select count(*) from segments where received <= '2026-09-21T14:13:20Z'".to_owned(),
            "ScanExec: view=segments, columns=[received], received=..1790000000000000",
        ),
    ] {
        let plan = bench.rows(&format!("explain {statement}")).await.unwrap();
        let plan = Value::from(plan).to_string();
        assert!(plan.contains(wanted), "{plan}");
    }
    let rows = bench.rows("select callee from edges limit 3").await;
    assert_eq!(rows.unwrap().len(), 3);
    let analysed = bench.rows("explain analyze select * from traces").await;
    assert_eq!(analysed.unwrap().len(), 1);
}

#[tokio::test]
async fn views_are_listed_and_described() {
    let bench = Bench::of(State::Hot).await;
    let tables = bench
        .column("select table_name from information_schema.tables where table_schema = 'public' order by 1")
        .await;
    assert_eq!(tables, ["edges", "segments", "spans", "traces"]);
    assert!(!bench.rows("show tables").await.unwrap().is_empty());
    let described = bench.rows("describe traces").await.unwrap();
    assert_eq!(described[0]["column_name"], "trace_id");
    let shown = bench.rows("show columns from spans").await.unwrap();
    assert!(shown.iter().any(|row| row["column_name"] == "depth"));
}

#[tokio::test]
async fn a_statement_has_one_sight_of_all_views() {
    let bench = Bench::of(State::Both).await;
    let joined = "select count(*) from traces t left join segments s on t.trace_id = s.trace_id where s.id is null";
    // A trace of a lone subsegment alone has no segment; that one has got one.
    assert_eq!(bench.column(joined).await, [0]);
    let twice =
        "select count(*) from (select trace_id from traces group by trace_id having count(*) > 1)";
    assert_eq!(bench.column(twice).await, [0]);
}

#[tokio::test]
async fn what_was_put_is_seen_at_once() {
    let bench = Bench::of(State::AtRest).await;
    for number in 100..110 {
        let one = conformance::segment(number, 1, 1.0, "");
        bench.put(&[(TimestampMicros(NOW), vec![one])]).await;
        let id = conformance::trace(number);
        let found = format!("select count(*) from traces where trace_id = '{id}'");
        assert_eq!(bench.column(&found).await, [1]);
    }
}
