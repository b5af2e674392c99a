use fluoro_filter::Selector;
use fluoro_model::document::Document;
use fluoro_trace::{Projection, Received, Trace};
use serde_json::json;

use super::*;
use crate::graph::arrived;

const TRACE: &str = "1-67891233-abcdef012345678912345678";

/// A root that calls a service which reports itself a minute later.
fn projection() -> Projection {
    let documents = [
        (
            1200,
            json!({
                "name": "shop", "id": "0000000000000001", "trace_id": TRACE, "start_time": 100, "end_time": 102,
                "subsegments": [{
                    "name": "cart", "id": "0000000000000002", "start_time": 100, "end_time": 101.5,
                    "namespace": "remote", "fault": true
                }]
            }),
        ),
        (
            1260,
            json!({
                "name": "cart", "id": "0000000000000003", "trace_id": TRACE, "parent_id": "0000000000000002",
                "start_time": 100, "end_time": 101
            }),
        ),
    ];
    let received: Vec<Received> = documents
        .iter()
        .map(|(second, document)| Received {
            document: Arc::new(Document::parse(document.to_string().as_bytes()).unwrap()),
            at: TimestampMicros(second * 1_000_000),
        })
        .collect();
    Trace::assemble(TRACE.parse().unwrap(), &received).projection()
}

fn minutes() -> Vec<(i64, Arc<Graph>)> {
    let projection = projection();
    let at = |minute: i64| TimestampMicros(minute * 60_000_000);
    let graph = |minute| arrived(&(at(minute)..at(minute + 1)), [&projection]);
    (19..23)
        .map(|minute| (minute, Arc::new(graph(minute))))
        .collect()
}

/// Each point's end, count of all and time.
fn points(period: Period, selector: Option<&str>) -> Vec<(i64, Option<(u64, f64)>)> {
    let selected = selector.map(|text| Selector::parse(text).unwrap().selected);
    let points = time_series(&minutes(), period, selected.as_ref());
    let of = |served: Served| {
        let statistics = served.statistics;
        assert_eq!(statistics.total(), served.histogram.total());
        (statistics.total(), statistics.total_response_time())
    };
    points
        .into_iter()
        .map(|point| (point.end, point.served.map(of)))
        .collect()
}

#[test]
fn points_come_newest_first_and_only_where_something_arrived() {
    let all = points(Period::Minute, Some(r#"service("cart")"#));
    assert_eq!(all, [(1320, Some((1, 1.0))), (1260, None)]);
}

#[test]
fn without_a_selector_the_calls_to_roots_are_summed() {
    let all = points(Period::Minute, None);
    assert_eq!(all, [(1320, None), (1260, Some((1, 2.0)))]);
}

#[test]
fn an_edge_is_the_callers_view_and_both_ends_must_fit() {
    let call = points(Period::Minute, Some(r#"edge("shop", "cart")"#));
    assert_eq!(call, [(1320, Some((1, 1.5))), (1260, None)]);
    let entry = points(
        Period::Minute,
        Some(r#"edge(id(type: "client"), id(name: "shop"))"#),
    );
    assert_eq!(entry, [(1320, None), (1260, Some((1, 2.0)))]);
    let other_way = points(Period::Minute, Some(r#"edge("cart", "shop")"#));
    assert_eq!(other_way, [(1320, None), (1260, None)]);
}

#[test]
fn a_caller_of_a_late_callee_is_there_with_zero_counts() {
    let caller = points(Period::Minute, Some(r#"service("shop")"#));
    assert_eq!(caller, [(1320, Some((0, 0.0))), (1260, Some((1, 2.0)))]);
}

#[test]
fn five_minutes_end_at_the_next_multiple() {
    let all = points(Period::FiveMinutes, Some(r#"service(id(name: "cart"))"#));
    assert_eq!(all, [(1500, Some((1, 1.0)))]);
}

#[test]
fn the_window_is_about_the_ends_of_points() {
    let window = |start: f64, end: f64| {
        TimestampMicros::from_seconds(start)..TimestampMicros::from_seconds(end)
    };
    let minute = |start, end| Period::Minute.minutes(&window(start, end));
    assert_eq!(minute(120.0, 240.0), 1..3);
    assert_eq!(minute(120.9, 240.9), 1..3);
    assert_eq!(minute(121.0, 241.0), 2..4);
    assert!(minute(120.0, 120.0).is_empty());
    let five = |start, end| Period::FiveMinutes.minutes(&window(start, end));
    assert_eq!(five(300.0, 600.0), 0..5);
    assert_eq!(five(301.0, 601.0), 5..10);
    assert!(five(301.0, 600.0).is_empty());
}
