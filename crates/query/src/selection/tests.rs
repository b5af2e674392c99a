use std::sync::Arc;

use fluoro_filter::{NoGroups, parse};
use fluoro_model::TraceId;
use fluoro_model::document::Document;
use fluoro_store::scan::Found;
use fluoro_trace::{Received, Trace};
use serde_json::json;

use super::*;
use crate::summary::tests::page;

fn at(second: i64) -> TimestampMicros {
    TimestampMicros(second * 1_000_000)
}

fn selection(start: i64, end: i64, by: TimeRangeType, filter: &str) -> Selection {
    let range = TimeRange {
        range: at(start)..at(end),
        by,
    };
    let filter = Filter::new(&parse(filter).unwrap(), &NoGroups).unwrap();
    Selection { range, filter }
}

/// `shop` from 1000 to 1010 called `cart` from 1001 to 1003, which worked on until 1007; all came in at 2000.
fn trace() -> Arc<Projection> {
    let id = TraceId::new(1, [0; 12]);
    let documents = [
        json!({"trace_id": id, "name": "shop", "id": "0000000000000001", "start_time": 1000, "end_time": 1010,
            "subsegments": [{"name": "cart", "id": "0000000000000002", "start_time": 1001, "end_time": 1003,
                             "namespace": "remote"}]}),
        json!({"trace_id": id, "name": "cart", "id": "0000000000000003", "parent_id": "0000000000000002",
            "start_time": 1002, "end_time": 1007, "fault": true}),
    ];
    let received = documents.map(|document| Received {
        document: Arc::new(Document::parse(document.to_string().as_bytes()).unwrap()),
        at: at(2000),
    });
    Arc::new(Trace::assemble(id, &received).projection())
}

/// Whether the trace is listed, and which service and which called service matched.
fn found(selection: &Selection) -> Option<(Option<String>, Option<String>)> {
    let candidates = Found {
        projections: vec![trace()],
        ..Found::default()
    };
    let page = page(selection, candidates, None, 10, |_| true);
    let projection = page.traces.first()?;
    let matched = selection.matched(projection).expect("it is listed");
    let name = |node| projection.node(node).name.to_string();
    Some((
        matched.service.map(|seen| name(seen.node)),
        matched.edge.map(|call| name(call.to)),
    ))
}

#[test]
fn a_service_asked_for_must_have_ended_in_a_range_of_type_service() {
    let cart = |start, end| {
        found(&selection(
            start,
            end,
            TimeRangeType::Service,
            "service(\"cart\") { fault }",
        ))
    };
    assert_eq!(cart(1007, 1008), Some((Some("cart".to_owned()), None)));
    assert_eq!(cart(1006, 1007), None);
    assert_eq!(cart(1008, 1009), None);
    assert_eq!(cart(1990, 2010), None, "when it came in is not asked");
}

#[test]
fn a_call_asked_for_must_have_ended_for_its_caller() {
    let call = |start, end| {
        found(&selection(
            start,
            end,
            TimeRangeType::Service,
            "edge(\"shop\", \"cart\")",
        ))
    };
    assert_eq!(call(1003, 1004), Some((None, Some("cart".to_owned()))));
    assert_eq!(call(1007, 1008), None);
}

#[test]
fn without_a_service_or_a_call_the_receipt_counts() {
    let near = |filter| found(&selection(1990, 1991, TimeRangeType::Service, filter));
    let nothing = Some((None, None));
    assert_eq!(near("duration = 10"), nothing);
    assert_eq!(near("!service(\"nobody\")"), nothing);
    assert_eq!(near("service(\"shop\") OR duration = 10"), nothing);
    let far = |filter| found(&selection(1010, 1011, TimeRangeType::Service, filter));
    assert_eq!(far("duration = 10"), None);
    let by_end = far("service(\"shop\") OR duration = 10");
    assert_eq!(by_end, Some((Some("shop".to_owned()), None)));
}

#[test]
fn other_ranges_take_a_service_whenever_it_ended_and_tell_nothing() {
    let by_start = |filter| found(&selection(1000, 1001, TimeRangeType::TraceId, filter));
    assert_eq!(by_start("service(\"cart\")"), Some((None, None)));
    assert_eq!(by_start("service(\"nobody\")"), None);
}
