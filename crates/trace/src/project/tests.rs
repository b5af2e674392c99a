use serde_json::{Value, json};

use super::*;
use crate::Received;
use crate::fixture::{EPOCH, alone, at, deliveries, document, entity, id, one_by_one, trace_id};
use crate::projection::Counted;

fn project(documents: &[Received]) -> Projection {
    Trace::assemble(trace_id(), documents).projection()
}

/// The projection of a trace that came in one delivery.
fn at_once(documents: &[Value]) -> Projection {
    project(&deliveries(&[documents]))
}

/// Names and types of the nodes.
fn services(projection: &Projection) -> Vec<(&str, Option<&str>, NodeSource)> {
    let nodes = projection.nodes.iter();
    nodes
        .map(|node| (&*node.name, node.kind.as_deref(), node.source))
        .collect()
}

/// Callers and callees by name and type, with the caller's response time.
fn calls(projection: &Projection) -> Vec<(String, String, Option<f64>)> {
    let label = |index| {
        let node: &Node = projection.node(index);
        format!("{}|{}", node.name, node.kind.as_deref().unwrap_or_default())
    };
    let calls = projection.calls.iter();
    calls
        .map(|call| (label(call.from), label(call.to), call.response_time))
        .collect()
}

/// A root that calls a callee which reports itself: the shape of most recordings.
fn shop_and_cart() -> [Value; 2] {
    let failed =
        json!({"namespace": "remote", "fault": true, "http": {"response": {"status": 503}}});
    let call = entity(2, "cart.test", 0.25, 1.75, failed);
    let shop = json!({"user": "ada", "annotations": {"run": "r"}, "subsegments": [call]});
    let cart = json!({
        "parent_id": id(2), "fault": true, "user": "bob", "annotations": {"backend": true}, "http": {"response": {"status": 503}},
    });
    [
        document(entity(1, "shop", 0.0, 2.0, shop)),
        document(entity(3, "cart", 0.5, 7.0, cart)),
    ]
}

#[test]
fn a_projection_takes_no_more_room_than_it_uses() {
    let projection = at_once(&shop_and_cart());
    let room = (
        projection.nodes.capacity(),
        projection.observations.capacity(),
        projection.calls.capacity(),
    );
    let used = (
        projection.nodes.len(),
        projection.observations.len(),
        projection.calls.len(),
    );
    assert_eq!(room, used);
}

#[test]
fn a_node_has_its_own_view_and_an_edge_the_callers() {
    let projection = at_once(&shop_and_cart());
    assert_eq!(
        services(&projection),
        [
            ("shop", None, NodeSource::Reported),
            ("cart", None, NodeSource::Reported),
            ("shop", Some("client"), NodeSource::Client),
        ]
    );
    assert_eq!(
        calls(&projection),
        [
            ("shop|client".into(), "shop|".into(), Some(2.0)),
            ("shop|".into(), "cart|".into(), Some(1.5)),
        ]
    );
    let durations: Vec<_> = projection
        .observations
        .iter()
        .map(Observation::duration)
        .collect();
    assert_eq!(durations, [Some(2.0), Some(6.5)]);
    assert_eq!(projection.calls[1].alias.as_deref(), Some("cart.test"));
    assert_eq!(projection.calls[1].outcome.counted(), Counted::Fault);
    assert_eq!(projection.calls[0].alias, None);
}

#[test]
fn response_time_is_the_roots_and_duration_the_whole_traces() {
    let projection = at_once(&shop_and_cart());
    assert_eq!(projection.response_time(), Some(2.0));
    assert_eq!(projection.summary_duration(), Some(7.0));
    assert_eq!(
        projection.start.map(fluoro_model::EpochSeconds::seconds),
        Some(EPOCH)
    );
    assert!(projection.is_complete() && !projection.partial);
}

#[test]
fn the_outcome_of_a_trace_is_its_roots() {
    let root = at_once(&shop_and_cart()).root().unwrap().outcome;
    assert!(root.is_ok());
}

#[test]
fn flags_and_status_are_alternatives_and_throttle_is_no_error() {
    let judge = |more: Value| {
        let projection = at_once(&[document(entity(1, "shop", 0.0, 1.0, more))]);
        projection.observations[0].outcome
    };
    let status = |status: i64| judge(json!({"http": {"response": {"status": status}}}));
    assert_eq!(status(200).counted(), Counted::Ok);
    assert_eq!(
        status(404),
        Outcome {
            error: true,
            ..Outcome::default()
        }
    );
    assert_eq!(
        status(503),
        Outcome {
            fault: true,
            ..Outcome::default()
        }
    );
    assert_eq!(
        status(429),
        Outcome {
            throttle: true,
            ..Outcome::default()
        }
    );
    let flagged = judge(json!({"error": true, "throttle": true, "fault": true}));
    assert_eq!(
        flagged,
        Outcome {
            fault: true,
            error: false,
            throttle: true
        }
    );
    assert_eq!(flagged.counted(), Counted::Throttle);
    assert_eq!(
        judge(json!({"error": true, "fault": true})).counted(),
        Counted::Fault
    );
    assert!(judge(json!({"error": false})).is_ok());
}

#[test]
fn silent_callees_are_nodes_of_their_own() {
    let calls_made = [
        entity(
            2,
            "DynamoDB",
            0.5,
            1.0,
            json!({"namespace": "aws", "throttle": true, "aws": {"operation": "GetItem", "table_name": "stock", "region": "us-west-2"}}),
        ),
        entity(3, "pay.test", 1.0, 1.25, json!({"namespace": "remote"})),
        entity(
            4,
            "db@host",
            1.25,
            1.5,
            json!({"namespace": "remote", "sql": {"url": "u"}}),
        ),
        entity(5, "local", 1.5, 1.75, json!({})),
    ];
    let projection = at_once(&[document(entity(
        1,
        "shop",
        0.0,
        2.0,
        json!({"subsegments": calls_made}),
    ))]);
    assert_eq!(
        services(&projection)[1..],
        [
            (
                "stock",
                Some("AWS::DynamoDB::Table"),
                NodeSource::InferredAws
            ),
            ("pay.test", Some("remote"), NodeSource::InferredRemote),
            ("db@host", Some("Database::SQL"), NodeSource::InferredRemote),
            ("shop", Some("client"), NodeSource::Client),
        ]
    );
    let table = &projection.observations[1];
    assert!(table.inferred && table.outcome.throttle);
    assert_eq!(
        (table.duration(), table.region.as_deref()),
        (Some(0.5), Some("us-west-2"))
    );
    assert_eq!(
        calls(&projection)[1],
        (
            "shop|".into(),
            "stock|AWS::DynamoDB::Table".into(),
            Some(0.5)
        )
    );
}

#[test]
fn the_same_name_with_another_origin_is_another_node() {
    let service = document(entity(1, "f", 0.0, 2.0, json!({"origin": "AWS::Lambda"})));
    let function = json!({"origin": "AWS::Lambda::Function", "parent_id": id(1)});
    let projection = at_once(&[service, document(entity(2, "f", 0.5, 1.5, function))]);
    assert_eq!(projection.nodes.len(), 3);
    // Nobody timed this call: it counts with the callee's outcome and no time.
    assert_eq!(
        calls(&projection)[1],
        (
            "f|AWS::Lambda".into(),
            "f|AWS::Lambda::Function".into(),
            Some(0.0)
        )
    );
    assert_eq!(projection.calls[1].alias, None);
}

#[test]
fn one_timed_call_counts_once_however_often_the_callee_reports() {
    let [shop, cart] = shop_and_cart();
    let mut again = cart.clone();
    again["id"] = json!(id(4));
    let projection = at_once(&[shop, cart, again]);
    assert_eq!(projection.calls.len(), 2);
    assert_eq!(projection.observations.len(), 3);
}

#[test]
fn a_root_in_progress_has_no_response_time_and_is_not_partial() {
    let open = document(entity(1, "shop", 0.0, None, json!({})));
    let late = document(entity(2, "cart", 0.5, 4.0, json!({"parent_id": id(1)})));
    let projection = at_once(&[open, late]);
    assert_eq!(
        (projection.response_time(), projection.summary_duration()),
        (None, None)
    );
    assert_eq!(projection.duration, Some(4.0));
    assert!(!projection.partial);
    let open: Vec<_> = projection.open.iter().map(ToString::to_string).collect();
    assert_eq!(open, [format!("segment shop ({}) is in progress", id(1))]);
}

#[test]
fn a_segment_whose_parent_never_came_is_no_root_and_has_no_client() {
    let lost = document(entity(1, "cart", 0.0, 1.0, json!({"parent_id": id(9)})));
    let projection = at_once(&[lost]);
    assert!(projection.partial && projection.root().is_none());
    assert!(projection.observations[0].orphan);
    assert_eq!(
        services(&projection),
        [("cart", None, NodeSource::Reported)]
    );
    assert!(projection.calls.is_empty());
    assert_eq!(projection.summary_duration(), Some(1.0));
}

#[test]
fn of_several_roots_the_earliest_is_the_root() {
    let late = document(entity(1, "late", 1.0, 2.0, json!({})));
    let early = document(entity(2, "early", 0.0, 1.0, json!({})));
    let projection = at_once(&[late, early]);
    assert_eq!(
        &*projection.node(projection.root().unwrap().node).name,
        "early"
    );
    assert_eq!(
        projection
            .observations
            .iter()
            .filter(|seen| seen.root)
            .count(),
        2
    );
}

#[test]
fn annotations_are_those_of_the_segment_and_its_subsegments() {
    let child = entity(
        2,
        "work",
        0.5,
        1.0,
        json!({"annotations": {"plan": "gold", "n": 1, "deep": true}}),
    );
    let shop = json!({"annotations": {"plan": "gold", "n": "1"}, "subsegments": [child]});
    let projection = at_once(&[document(entity(1, "shop", 0.0, 2.0, shop))]);
    let annotations: Vec<_> = projection.observations[0]
        .annotations
        .iter()
        .map(|(key, value)| (&**key, value))
        .collect();
    assert_eq!(
        annotations,
        [
            ("plan", &AnnotationValue::Text("gold".into())),
            ("n", &AnnotationValue::Text("1".into())),
            ("n", &AnnotationValue::Number(1.0)),
            ("deep", &AnnotationValue::Boolean(true)),
        ]
    );
}

#[test]
fn facts_of_host_and_request_are_kept() {
    let shop = json!({
        "http": {
            "request": {"method": "GET", "url": "http://shop.test/cart", "user_agent": "probe/1", "client_ip": "192.0.2.7"},
            "response": {"status": 200},
        },
        "aws": {"ec2": {"instance_id": "i-0abc", "availability_zone": "eu-west-1a"}, "account_id": "111122223333"},
        "resource_arn": "arn:aws:x", "user": "ada",
    });
    let projection = at_once(&[document(entity(1, "shop", 0.0, 2.0, shop))]);
    let seen = &projection.observations[0];
    let http = seen.http.as_ref().unwrap();
    assert_eq!(
        (http.method.as_deref(), http.status),
        (Some("GET"), Some(200))
    );
    assert_eq!(seen.instance_id.as_deref(), Some("i-0abc"));
    assert_eq!(seen.availability_zone.as_deref(), Some("eu-west-1a"));
    assert_eq!(
        (seen.resource_arn.as_deref(), seen.user.as_deref()),
        (Some("arn:aws:x"), Some("ada"))
    );
    assert_eq!(
        projection.nodes[0].account_id.as_deref(),
        Some("111122223333")
    );
}

#[test]
fn revisions_count_deliveries_that_changed_something() {
    let open = document(entity(1, "shop", 0.0, None, json!({})));
    let done = document(entity(1, "shop", 0.0, 1.0, json!({})));
    let other = document(entity(2, "cart", 0.0, 1.0, json!({"parent_id": id(1)})));
    assert_eq!(at_once(&[open.clone(), other.clone()]).revision, 1);
    let projection = project(&deliveries(&[&[open, other.clone()], &[done], &[other]]));
    assert_eq!(
        (
            projection.revision,
            projection.first_received,
            projection.last_received
        ),
        (2, at(1), at(2))
    );
}

#[test]
fn what_arrives_late_counts_from_then_on() {
    let [shop, cart] = shop_and_cart();
    let projection = project(&one_by_one(&[&shop, &cart]));
    let received: Vec<_> = projection
        .observations
        .iter()
        .map(|seen| seen.received)
        .collect();
    assert_eq!(received, [at(1), at(2)]);
    let received: Vec<_> = projection.calls.iter().map(|call| call.received).collect();
    assert_eq!(received, [at(1), at(2)]);
}

#[test]
fn what_a_callee_was_taken_for_is_known_until_it_reports_itself() {
    let [shop, cart] = shop_and_cart();
    let projection = project(&one_by_one(&[&shop, &cart]));
    let [was] = &projection.superseded[..] else {
        panic!("{:?}", projection.superseded);
    };
    assert_eq!(was.taken_for.source, NodeSource::InferredRemote);
    assert_eq!((was.received, was.until), (at(1), at(2)));
    let in_order = project(&one_by_one(&[&cart, &shop]));
    assert_eq!(in_order.superseded, []);
}

#[test]
fn a_call_in_progress_to_a_reported_callee_is_known_and_not_counted() {
    let call = entity(2, "cart", 0.5, None, json!({"namespace": "remote"}));
    let shop = document(entity(1, "shop", 0.0, None, json!({"subsegments": [call]})));
    let cart = document(entity(3, "cart", 0.6, 0.9, json!({"parent_id": id(2)})));
    let projection = at_once(&[shop, cart]);
    assert_eq!(
        calls(&projection)[1],
        ("shop|".into(), "cart|".into(), None)
    );
}

#[test]
fn links_to_other_traces_are_kept() {
    let link = json!({
        "trace_id": "1-67000001-ffffffffffffffffffffffff", "id": id(7),
        "attributes": {"aws.xray.reserved.reference_type": "parent"},
    });
    let work = alone(entity(2, "work", 0.0, 1.0, json!({"links": [link]})), 1);
    let projection = at_once(&[document(entity(1, "f", 0.0, 1.0, json!({}))), work]);
    assert_eq!(projection.links.len(), 1);
    assert_eq!(
        projection.links[0].reference_type.as_deref(),
        Some("parent")
    );
}

#[test]
fn links_beyond_the_limits_do_not_count() {
    let links = |count: u64| {
        let link = |number| json!({"trace_id": format!("1-67000001-{number:024x}"), "id": id(7)});
        (0..count).map(link).collect::<Vec<_>>()
    };
    let segment = |number: u64| {
        let work = entity(100 + number, "work", 0.0, 1.0, json!({"links": links(15)}));
        let more = json!({"links": links(15), "subsegments": [work]});
        document(entity(number, "f", 0.0, 1.0, more))
    };
    assert_eq!(at_once(&[segment(1)]).links.len(), 20);
    let many: Vec<_> = (1..=6).map(segment).collect();
    assert_eq!(at_once(&many).links.len(), 100);
}

#[test]
fn the_first_fifty_annotations_are_indexed() {
    let annotations = |range: std::ops::Range<u32>| {
        let pair = |number: u32| (format!("k{number}"), json!(number));
        range.map(pair).collect::<serde_json::Map<_, _>>()
    };
    let late = json!({"parent_id": id(1), "annotations": annotations(40..70)});
    let late = document(entity(2, "cart", 0.0, 1.0, late));
    let first = json!({"annotations": annotations(0..45)});
    let first = document(entity(1, "shop", 0.5, 1.0, first));
    let received = one_by_one(&[&first, &late]);
    let count = |projection: &Projection| -> Vec<usize> {
        let seen = projection.observations.iter();
        seen.map(|seen| seen.annotations.len()).collect()
    };
    // Observations stand by start: the late one first, with five that are in both, and five more.
    assert_eq!(count(&project(&received)), [10, 45]);
    let trace = Trace::assemble(trace_id(), &received);
    let more = trace.projection_within(ProjectionLimits { annotations: 70 });
    assert_eq!(count(&more), [30, 45]);
}

#[test]
fn a_projection_survives_being_written() {
    let projection = at_once(&shop_and_cart());
    let written = serde_json::to_vec(&projection).unwrap();
    assert_eq!(
        serde_json::from_slice::<Projection>(&written).unwrap(),
        projection
    );
}
