use fluoro_model::document::Document;
use fluoro_trace::{Received, Trace};
use serde_json::{Value, json};

use super::*;
use crate::time_range::TimeRange;

fn at(second: i64) -> TimestampMicros {
    TimestampMicros(second * 1_000_000)
}

fn trace_id(number: u32) -> TraceId {
    TraceId::new(number, [0; 12])
}

/// A trace of these documents, which came in in this second.
fn trace(number: u32, received: i64, documents: &[Value]) -> Arc<Projection> {
    let documents: Vec<Received> = documents
        .iter()
        .map(|document| {
            let mut document = document.clone();
            document["trace_id"] = json!(trace_id(number));
            Received {
                document: Arc::new(Document::parse(document.to_string().as_bytes()).unwrap()),
                at: at(received),
            }
        })
        .collect();
    Arc::new(Trace::assemble(trace_id(number), &documents).projection())
}

/// A trace that began in this second, lasted one, and came in a hundred later.
fn simple(number: u32, second: i64) -> Arc<Projection> {
    let root = json!({"name": "shop", "id": "0000000000000001", "start_time": second, "end_time": second + 1});
    trace(number, second + 100, &[root])
}

fn range(start: i64, end: i64, by: TimeRangeType) -> Selection {
    Selection::everything(TimeRange {
        range: at(start)..at(end),
        by,
    })
}

/// One page of what one scan found.
pub(crate) fn page(
    selection: &Selection,
    found: Found,
    after: Option<Position>,
    limit: usize,
    wanted: impl Fn(TraceId) -> bool,
) -> Page {
    let mut page = Page::default();
    page.extend(selection, found, after, limit, wanted);
    page
}

fn found(projections: Vec<Arc<Projection>>) -> Found {
    Found {
        projections,
        ..Found::default()
    }
}

fn ids(page: &Page) -> Vec<u32> {
    let id = |projection: &Arc<Projection>| u32::try_from(projection.id.bits() >> 96).unwrap();
    page.traces.iter().map(id).collect()
}

#[test]
fn each_type_of_range_looks_at_its_own_time() {
    let candidates = || found(vec![simple(1, 1000)]);
    let is_found = |start, end, by| {
        let page = page(&range(start, end, by), candidates(), None, 10, |_| true);
        !page.traces.is_empty()
    };
    assert!(is_found(1000, 1001, TimeRangeType::TraceId));
    assert!(!is_found(999, 1000, TimeRangeType::TraceId));
    assert!(!is_found(1001, 1200, TimeRangeType::TraceId));
    assert!(is_found(1100, 1101, TimeRangeType::Event));
    assert!(!is_found(1000, 1100, TimeRangeType::Event));
    assert!(is_found(1045, 1046, TimeRangeType::Service));
    assert!(is_found(1159, 1161, TimeRangeType::Service));
    assert!(!is_found(1000, 1001, TimeRangeType::Service));
}

#[test]
fn pages_go_back_in_time_and_miss_nothing() {
    let traces: Vec<_> = (0..7)
        .map(|number| simple(number, 1000 + i64::from(number / 2)))
        .collect();
    let whole = range(0, 2000, TimeRangeType::TraceId);
    let (mut after, mut seen, mut processed) = (None, Vec::new(), 0);
    loop {
        let page = page(&whole, found(traces.clone()), after, 3, |_| true);
        seen.extend(ids(&page));
        processed += page.processed;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(processed, 7);
}

#[test]
fn the_last_page_has_no_next_even_when_it_is_full() {
    let traces: Vec<_> = (0..3).map(|number| simple(number, 1000)).collect();
    let whole = range(0, 2000, TimeRangeType::TraceId);
    assert_eq!(page(&whole, found(traces), None, 3, |_| true).next, None);
}

#[test]
fn what_is_not_wanted_is_processed_all_the_same() {
    let traces: Vec<_> = (0..6).map(|number| simple(number, 1000)).collect();
    let odd = |trace: TraceId| (trace.bits() >> 96) % 2 == 1;
    let page = page(
        &range(0, 2000, TimeRangeType::TraceId),
        found(traces),
        None,
        10,
        odd,
    );
    assert_eq!(ids(&page), [5, 3, 1]);
    assert_eq!(page.processed, 6);
}

#[test]
fn what_was_passed_over_counts_on_its_page() {
    let traces: Vec<_> = (0..4)
        .map(|number| simple(number, 1000 + 10 * i64::from(number)))
        .collect();
    let whole = range(1000, 2000, TimeRangeType::TraceId);
    let found = |projections| Found {
        projections,
        passed_over: [999, 1005, 1015, 1025, 1026, 1035, 2000]
            .map(|time| (at(time), 1))
            .to_vec(),
        rest: None,
    };
    let first = page(&whole, found(traces.clone()), None, 2, |_| true);
    let second = page(&whole, found(traces), first.next, 2, |_| true);
    assert_eq!((ids(&first), ids(&second)), (vec![3, 2], vec![1, 0]));
    assert_eq!((first.processed, second.processed), (2 + 3, 2 + 2));
}

#[test]
fn a_page_is_filled_by_one_scan_after_the_other() {
    let traces: Vec<_> = (0..6)
        .map(|number| simple(number, 1000 + 10 * i64::from(number)))
        .collect();
    let whole = range(1000, 2000, TimeRangeType::TraceId);
    let found = |numbers: std::ops::Range<usize>, passed_over: &[i64], rest: Option<usize>| Found {
        projections: traces[numbers].to_vec(),
        passed_over: passed_over.iter().map(|time| (at(*time), 1)).collect(),
        rest: rest.map(|number| (at(1000 + 10 * number as i64), traces[number].id)),
    };
    let even = |trace: TraceId| (trace.bits() >> 96).is_multiple_of(2);
    let mut page = Page::default();
    page.extend(&whole, found(4..6, &[1045], Some(4)), None, 3, even);
    assert_eq!((ids(&page), page.processed), (vec![4], 3));
    let rest = Some(Position(at(1040), traces[4].id));
    page.extend(&whole, found(1..4, &[1015], Some(1)), rest, 3, even);
    assert_eq!((ids(&page), page.processed), (vec![4, 2], 7));
    // One that was seen already has moved in between.
    let moved = trace(
        4,
        1200,
        &[json!({"name": "shop", "id": "0000000000000002", "start_time": 1001, "end_time": 1002})],
    );
    let mut last = found(0..1, &[], None);
    last.projections.push(moved);
    let rest = Some(Position(at(1010), traces[1].id));
    page.extend(&whole, last, rest, 3, even);
    assert_eq!((ids(&page), page.next), (vec![4, 2, 0], None));
}

#[test]
fn a_trace_without_segments_is_not_listed() {
    let orphan = json!({
        "type": "subsegment", "name": "query", "id": "0000000000000002", "parent_id": "0000000000000001",
        "start_time": 1000, "end_time": 1001
    });
    let traces = vec![trace(1, 1000, &[orphan])];
    for by in [
        TimeRangeType::TraceId,
        TimeRangeType::Event,
        TimeRangeType::Service,
    ] {
        let page = page(&range(0, 2000, by), found(traces.clone()), None, 10, |_| {
            true
        });
        assert!(page.traces.is_empty(), "{by:?}");
    }
}

#[test]
fn values_are_merged_from_all_segments_and_http_is_the_roots() {
    let root = json!({
        "name": "shop", "id": "0000000000000001", "start_time": 1000, "end_time": 1002, "user": "ada",
        "http": {"request": {"method": "GET"}, "response": {"status": 429}}, "throttle": true, "error": true,
        "annotations": {"run": "x", "size": 3}, "aws": {"ec2": {"instance_id": "i-1", "availability_zone": "a"}},
        "subsegments": [{"name": "cart", "id": "0000000000000002", "start_time": 1000, "end_time": 1001,
                         "namespace": "remote", "annotations": {"run": "y"}}]
    });
    let cart = json!({
        "name": "cart", "id": "0000000000000003", "parent_id": "0000000000000002", "start_time": 1000,
        "end_time": 1001, "user": "bob", "annotations": {"run": "x", "backend": true}, "resource_arn": "arn:x",
        "http": {"response": {"status": 503}}, "fault": true, "aws": {"ec2": {"instance_id": "i-1"}}
    });
    let projection = trace(1, 1100, &[root, cart]);
    let summary = Summary::of(&projection);
    let text = |text: &str| AnnotationValue::Text(text.into());
    let annotations = summary.annotations();
    assert_eq!(annotations["run"], [&text("x"), &text("y")]);
    assert_eq!(annotations["size"], [&AnnotationValue::Number(3.0)]);
    assert_eq!(annotations["backend"], [&AnnotationValue::Boolean(true)]);
    assert_eq!(summary.users(), ["ada", "bob"]);
    assert_eq!(summary.resource_arns(), ["arn:x"]);
    assert_eq!(
        (summary.instance_ids(), summary.availability_zones()),
        (vec!["i-1"], vec!["a"])
    );
    assert_eq!(summary.http().status, Some(429));
    let outcome = summary.outcome();
    assert_eq!(
        (outcome.fault, outcome.error, outcome.throttle),
        (false, false, true)
    );
    assert_eq!(summary.entry_point().map(|node| &*node.name), Some("shop"));
}

#[test]
fn only_ranges_of_receipt_tell_when_the_trace_was_updated() {
    let projection = simple(1, 1000);
    let summary = Summary::of(&projection);
    assert_eq!(summary.matched_event_time(TimeRangeType::TraceId), None);
    assert_eq!(summary.matched_event_time(TimeRangeType::Event), Some(1100));
}

/// What a page is, said plainly: all that there is, sorted.
fn plainly(
    traces: &[Arc<Projection>],
    selection: &Selection,
    after: Option<Position>,
    limit: usize,
    wanted: impl Fn(TraceId) -> bool,
) -> (Vec<TraceId>, u64, Option<Position>) {
    let mut ahead: Vec<_> = traces
        .iter()
        .filter_map(|trace| Some((Position(selection.place(trace)?, trace.id), trace)))
        .filter(|(position, _)| after.is_none_or(|after| *position < after))
        .collect();
    ahead.sort_unstable_by_key(|(position, _)| std::cmp::Reverse(*position));
    let (mut page, mut processed, mut next) = (Vec::new(), 0, None);
    for (number, (position, trace)) in ahead.iter().enumerate() {
        if page.len() == limit {
            break;
        }
        processed += 1;
        if wanted(trace.id) {
            page.push(trace.id);
        }
        next = (number + 1 < ahead.len()).then_some(*position);
    }
    (page, processed, next)
}

#[test]
fn a_page_is_the_same_in_whatever_order_and_batches_traces_are_looked_at() {
    let traces: Vec<_> = (0..60)
        .map(|number| simple(number, 1000 + i64::from(number * 7 % 20)))
        .collect();
    let third = |trace: TraceId| (trace.bits() >> 96).is_multiple_of(3);
    for by in [TimeRangeType::TraceId, TimeRangeType::Event] {
        let selection = range(1002, 1118, by);
        for (step, batch, limit) in [(1, 60, 4), (7, 1, 4), (11, 13, 5), (59, 9, 100), (13, 4, 7)] {
            let (mut after, mut pages) = (None, 0);
            loop {
                let mut in_some_order = (0..60).map(|number| traces[number * step % 60].clone());
                let mut page = Page::default();
                loop {
                    let some: Vec<_> = in_some_order.by_ref().take(batch).collect();
                    if some.is_empty() {
                        break;
                    }
                    page.sift(&selection, some, after, limit, third);
                }
                assert!(!page.is_settled(Some(at(5000)), false, limit));
                page.close(&selection, &[], false, after, limit);
                let found: Vec<TraceId> = page.traces.iter().map(|trace| trace.id).collect();
                let plain = plainly(&traces, &selection, after, limit, third);
                assert_eq!((found, page.processed, page.next), plain);
                pages += 1;
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert!(pages > 1 || limit == 100);
        }
    }
}

#[test]
fn a_page_of_the_latest_is_settled_before_the_rest_is_looked_at() {
    let traces: Vec<_> = (0..2_000)
        .map(|number| simple(number, 1000 + i64::from(number / 4)))
        .collect();
    let selection = range(0, 10_000, TimeRangeType::Event);
    let mut page = Page::default();
    let mut batches = 0;
    // The latest first, as a scan finds them.
    let mut latest_first = traces.rchunks(8).peekable();
    while let Some(batch) = latest_first.next() {
        page.sift(&selection, batch.to_vec(), None, 10, |_| true);
        batches += 1;
        let until = latest_first
            .peek()
            .map(|rest| rest[rest.len() - 1].last_received);
        if page.is_settled(until, false, 10) {
            break;
        }
    }
    assert_eq!(batches, 2);
    page.close(&selection, &[], false, None, 10);
    let plain = plainly(&traces, &selection, None, 10, |_| true);
    let found: Vec<TraceId> = page.traces.iter().map(|trace| trace.id).collect();
    assert_eq!((found, page.processed, page.next), plain);
}

#[test]
fn a_page_holds_what_may_be_on_it_and_no_more() {
    let selection = range(0, 100_000, TimeRangeType::TraceId);
    let mut page = Page::default();
    let mut most = 0;
    for number in 0..20_000 {
        let one = simple(number, 1000 + i64::from(number));
        page.sift(&selection, [one], None, 10, |_| true);
        most = most.max(page.weight());
    }
    let of_one = weight(&simple(1, 1000));
    assert!(most >= 10 * of_one);
    assert!(
        most <= 10 * of_one + 2 * size_of::<Position>() * (NOTED + 20),
        "{most}"
    );
    page.close(&selection, &[], false, None, 10);
    assert_eq!((page.traces.len(), page.processed), (10, 10));
    assert_eq!(page.weight(), 10 * of_one);
}
