use serde_json::json;

use super::*;
use crate::fixture::{
    EPOCH, alone, at, deliveries, document, entity, id, one_by_one, output, trace_id,
};

/// The duration of a trace that came in one delivery.
fn duration(documents: &[serde_json::Value]) -> Option<f64> {
    Trace::assemble(trace_id(), &deliveries(&[documents])).duration()
}

#[test]
fn a_subsegment_on_its_own_ends_up_inside_its_parent() {
    let early = entity(2, "early", 0.0, 0.5, json!({}));
    let late = entity(3, "late", 0.5, 1.0, json!({}));
    let inner = entity(4, "inner", 0.6, 0.7, json!({}));
    let shop = document(entity(1, "shop", 0.0, 1.0, json!({"subsegments": [early]})));
    let shown = output(&one_by_one(&[
        &alone(inner.clone(), 3),
        &alone(late.clone(), 1),
        &shop,
    ]));
    assert_eq!(shown.len(), 1);
    let mut late = late;
    late["subsegments"] = json!([inner]);
    assert_eq!(shown[0]["subsegments"], json!([early, late]));
}

#[test]
fn a_finished_segment_replaces_the_one_in_progress() {
    let open = document(entity(
        1,
        "shop",
        0.0,
        None,
        json!({"annotations": {"take": 1.0}}),
    ));
    let shown = output(&one_by_one(&[&open]));
    assert_eq!(shown[0]["in_progress"], json!(true));
    assert_eq!(shown[0].get("end_time"), None);
    let done = document(entity(
        1,
        "shop",
        0.0,
        4.0,
        json!({"annotations": {"take": 2.0}}),
    ));
    for order in [[&open, &done], [&done, &open]] {
        assert_eq!(output(&one_by_one(&order)), std::slice::from_ref(&done));
    }
}

#[test]
fn the_first_completion_wins() {
    let first = document(entity(
        1,
        "shop",
        0.0,
        1.0,
        json!({"annotations": {"take": 1.0}}),
    ));
    let second = document(entity(
        1,
        "shop",
        0.0,
        5.0,
        json!({"annotations": {"take": 2.0}}),
    ));
    let shown = output(&one_by_one(&[&first, &second]));
    assert_eq!(shown, [first]);
}

#[test]
fn a_completed_parent_freezes_what_it_carries() {
    let bare = document(entity(1, "shop", 0.0, 1.0, json!({})));
    let child = entity(2, "late", 0.0, 1.0, json!({}));
    let again = document(entity(1, "shop", 0.0, 1.0, json!({"subsegments": [child]})));
    let received = one_by_one(&[&bare, &again]);
    assert_eq!(output(&received), [bare]);
    assert_eq!(
        Trace::assemble(trace_id(), &received).projection().revision,
        1
    );
}

#[test]
fn the_first_completed_copy_of_a_child_stays_whoever_carried_it() {
    let apart = entity(
        2,
        "call",
        0.0,
        1.0,
        json!({"annotations": {"copy": "apart"}}),
    );
    let embedded = entity(
        2,
        "call",
        0.0,
        0.9,
        json!({"annotations": {"copy": "embedded"}}),
    );
    let shop = document(entity(
        1,
        "shop",
        0.0,
        1.0,
        json!({"subsegments": [embedded]}),
    ));
    let apart_first = output(&one_by_one(&[&alone(apart.clone(), 1), &shop]));
    assert_eq!(apart_first[0]["subsegments"], json!([apart]));
    let embedded_first = output(&one_by_one(&[&shop, &alone(apart, 1)]));
    assert_eq!(embedded_first[0]["subsegments"], json!([embedded]));
}

#[test]
fn an_open_child_is_replaced_by_the_first_completed_copy() {
    let open = entity(2, "call", 0.0, None, json!({}));
    let shop = document(entity(1, "shop", 0.0, 1.0, json!({"subsegments": [open]})));
    let done = entity(2, "call", 0.0, 3.0, json!({}));
    let shown = output(&one_by_one(&[&shop, &alone(done.clone(), 1)]));
    assert_eq!(shown[0]["subsegments"], json!([done]));
}

#[test]
fn a_repeated_open_document_brings_its_content_and_keeps_the_first_receipt() {
    let open = |take: u32| {
        document(entity(
            1,
            "shop",
            0.0,
            None,
            json!({"annotations": {"take": take}}),
        ))
    };
    let received = one_by_one(&[&open(1), &open(2)]);
    assert_eq!(output(&received)[0]["annotations"], json!({"take": 2.0}));
    let projection = Trace::assemble(trace_id(), &received).projection();
    assert_eq!(projection.observations[0].received, at(1));
    assert_eq!(projection.last_received, at(2));
}

#[test]
fn a_subsegment_without_its_parent_is_kept_and_not_shown() {
    let apart = alone(entity(2, "apart", 1.0, 2.0, json!({})), 1);
    let received = one_by_one(&[&apart]);
    let trace = Trace::assemble(trace_id(), &received);
    assert!(trace.segments().is_empty());
    assert_eq!(trace.duration(), None);
    assert!(trace.projection().partial);
    let open: Vec<_> = trace
        .projection()
        .open
        .iter()
        .map(ToString::to_string)
        .collect();
    let wanted = format!(
        "parent {} of subsegment apart ({}) has not come",
        id(1),
        id(2)
    );
    assert_eq!(open, [wanted]);

    let shop = document(entity(1, "shop", 0.0, 4.0, json!({})));
    let received = one_by_one(&[&apart, &shop]);
    let trace = Trace::assemble(trace_id(), &received);
    assert_eq!(trace.duration(), Some(4.0));
    assert!(trace.projection().is_complete());
    assert_eq!(output(&received)[0]["subsegments"][0]["id"], json!(id(2)));
}

#[test]
fn duration_is_from_the_earliest_start_to_the_latest_end() {
    let open = document(entity(1, "a", 0.0, None, json!({})));
    let other = document(entity(2, "b", 1.0, 4.0, json!({})));
    assert_eq!(duration(&[open, other]), Some(4.0));
    let early = entity(2, "early", -3.0, 2.0, json!({}));
    let open = document(entity(1, "a", 0.0, None, json!({"subsegments": [early]})));
    assert_eq!(duration(&[open]), Some(5.0));
    let open = entity(2, "open", -3.0, None, json!({}));
    let root = document(entity(1, "a", 0.0, 4.0, json!({"subsegments": [open]})));
    assert_eq!(duration(&[root]), Some(7.0));
    let long = entity(4, "long", 1.0, 8.0, json!({}));
    let root = document(entity(3, "c", 0.0, 4.0, json!({"subsegments": [long]})));
    assert_eq!(duration(&[root]), Some(8.0));
}

#[test]
fn duration_is_null_while_nothing_has_ended_and_when_negative() {
    assert_eq!(
        duration(&[document(entity(1, "a", 0.0, None, json!({})))]),
        None
    );
    assert_eq!(
        duration(&[document(entity(1, "a", 1.0, 0.0, json!({})))]),
        None
    );
}

#[test]
fn starts_at_or_before_the_epoch_do_not_count() {
    let zero = document(entity(1, "a", -EPOCH, 2.0, json!({})));
    let negative = document(entity(2, "a", -EPOCH - 1.0, 1.0, json!({})));
    assert_eq!(duration(std::slice::from_ref(&zero)), None);
    let normal = document(entity(3, "a", 0.0, 1.0, json!({})));
    let received = deliveries(&[&[zero, negative, normal]]);
    let trace = Trace::assemble(trace_id(), &received);
    assert_eq!(trace.duration(), Some(2.0));
    assert_eq!(trace.start().map(EpochSeconds::seconds), Some(EPOCH));
}

#[test]
fn entities_that_contain_each_other_are_not_shown_and_do_no_harm() {
    let one = alone(entity(1, "a", 0.0, 1.0, json!({})), 2);
    let two = alone(entity(2, "b", 0.0, 1.0, json!({})), 1);
    let own = alone(entity(3, "c", 0.0, 1.0, json!({})), 3);
    assert!(output(&deliveries(&[&[one, two, own]])).is_empty());
    let itself = entity(4, "d", 0.0, 1.0, json!({}));
    let outer = document(entity(4, "d", 0.0, None, json!({"subsegments": [itself]})));
    assert_eq!(output(&one_by_one(&[&outer])).len(), 1);
}

#[test]
fn a_segment_that_is_carried_by_what_it_carries_is_shown() {
    let open = |id, name, inner: Vec<_>| entity(id, name, 0.0, None, json!({"subsegments": inner}));
    let innermost = open(3, "c", vec![]);
    let itself = open(1, "a", vec![innermost]);
    let between = open(2, "b", vec![itself, open(4, "d", vec![])]);
    let received = one_by_one(&[&document(open(1, "a", vec![between]))]);
    let shown = output(&received);
    assert_eq!(shown.len(), 1);
    let names = shown[0].to_string().matches("\"name\"").count();
    assert_eq!(names, 3, "{}", shown[0]);
}

#[test]
fn a_long_chain_of_subsegments_is_no_recursion() {
    let links = 20_000;
    let mut chain = vec![document(entity(1, "root", 0.0, 1.0, json!({})))];
    chain.extend(
        (2..=links).map(|number| alone(entity(number, "n", 0.0, 1.0, json!({})), number - 1)),
    );
    let received = deliveries(&[&chain]);
    let trace = Trace::assemble(trace_id(), &received);
    let segments = trace.segments();
    assert_eq!(
        segments[0].document.matches("\"name\"").count() as u64,
        links
    );
    assert_eq!(trace.projection().observations.len(), 1);
}

#[test]
fn documents_of_other_traces_are_passed_over() {
    let mut other = document(entity(1, "shop", 0.0, 1.0, json!({})));
    other["trace_id"] = json!("1-67000001-ffffffffffffffffffffffff");
    assert!(output(&one_by_one(&[&other])).is_empty());
}
