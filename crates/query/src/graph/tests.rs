use fluoro_model::document::Document;
use fluoro_trace::{Received, Trace};
use serde_json::{Value, json};

use super::*;
use std::sync::Arc;

const TRACE: &str = "1-67891233-abcdef012345678912345678";
const ACCOUNT: &str = "000000000000";

/// The projection of documents, each with the second in which it came in.
fn projection(documents: &[(i64, Value)]) -> Projection {
    let received: Vec<Received> = documents
        .iter()
        .map(|(second, document)| Received {
            document: Arc::new(Document::parse(document.to_string().as_bytes()).unwrap()),
            at: at(*second),
        })
        .collect();
    Trace::assemble(TRACE.parse().unwrap(), &received).projection()
}

fn at(second: i64) -> TimestampMicros {
    TimestampMicros(second * 1_000_000)
}

/// A finished root in seconds 100 to 102, and what is to be added to it.
fn shop(more: Value) -> Value {
    let mut root = json!({
        "name": "shop", "id": "0000000000000001", "trace_id": TRACE, "start_time": 100.25, "end_time": 102.25
    });
    let Value::Object(more) = more else {
        panic!("an object")
    };
    root.as_object_mut().unwrap().extend(more);
    root
}

fn call_to_cart() -> Value {
    json!({"subsegments": [{
        "name": "cart-api", "id": "0000000000000002", "start_time": 100.5, "end_time": 102.0,
        "namespace": "remote", "fault": true
    }]})
}

fn cart() -> Value {
    json!({
        "name": "cart", "id": "0000000000000003", "trace_id": TRACE, "parent_id": "0000000000000002",
        "start_time": 100.75, "end_time": 107.25, "fault": true
    })
}

fn node<'g>(graph: &'g Graph, name: &str, kind: Option<&str>) -> &'g GraphNode {
    let found = graph
        .nodes
        .iter()
        .find(|node| &*node.key.name == name && node.key.kind.as_deref() == kind);
    found.unwrap_or_else(|| panic!("no node {name} {kind:?} in {graph:#?}"))
}

fn counts(served: &Served) -> (u64, u64, f64) {
    let statistics = served.statistics;
    (
        statistics.ok,
        statistics.fault,
        statistics.total_response_time(),
    )
}

#[test]
fn a_node_has_its_own_view_and_an_edge_the_callers() {
    let projection = projection(&[(200, shop(call_to_cart())), (200, cart())]);
    let graph = service_graph(&(at(190)..at(210)), [&projection]);
    let shop = node(&graph, "shop", None);
    let cart = node(&graph, "cart", None);
    let client = node(&graph, "shop", Some("client"));
    assert_eq!(counts(shop.served.as_ref().unwrap()), (1, 0, 2.0));
    assert_eq!(counts(cart.served.as_ref().unwrap()), (0, 1, 6.5));
    assert_eq!(client.served, None);
    assert_eq!(counts(&client.edges[0].calls), (1, 0, 2.0));
    assert_eq!(counts(&shop.edges[0].calls), (0, 1, 1.5));
    assert_eq!(&*graph.nodes[shop.edges[0].to].key.name, "cart");
    assert_eq!(Vec::from_iter(&shop.edges[0].aliases), [&"cart-api".into()]);
    assert!(shop.root && !cart.root && !client.root);
    assert_eq!(
        [shop.state, cart.state, client.state],
        [NodeState::Active, NodeState::Active, NodeState::Unknown]
    );
    assert_eq!(graph.nodes.len(), 3);
}

#[test]
fn times_are_the_roots_second_and_the_graph_ends_before_its_nodes() {
    let projection = projection(&[(200, shop(call_to_cart())), (200, cart())]);
    let graph = service_graph(&(at(190)..at(210)), [&projection]);
    assert_eq!((graph.start(), graph.end()), (Some(100), Some(100)));
    for node in &graph.nodes {
        assert_eq!((node.start, node.end), (100, 101), "{}", node.key.name);
    }
}

#[test]
fn what_arrives_later_counts_later_and_brings_its_caller_with_zero_counts() {
    let projection = projection(&[(200, shop(call_to_cart())), (275, cart())]);
    let early = service_graph(&(at(190)..at(210)), [&projection]);
    assert_eq!(
        counts(node(&early, "shop", None).served.as_ref().unwrap()),
        (1, 0, 2.0)
    );
    let silent = node(&early, "cart-api", Some("remote"));
    assert_eq!(silent.state, NodeState::Passive);
    assert_eq!(counts(silent.served.as_ref().unwrap()), (0, 1, 1.5));
    let both = service_graph(&(at(190)..at(280)), [&projection]);
    assert_eq!(both.nodes.len(), 3);
    assert!(both.nodes.iter().all(|node| &*node.key.name != "cart-api"));
    let late = service_graph(&(at(270)..at(280)), [&projection]);
    let shop = node(&late, "shop", None);
    assert_eq!(counts(shop.served.as_ref().unwrap()), (0, 0, 0.0));
    assert_eq!(counts(&shop.edges[0].calls), (0, 1, 1.5));
    assert_eq!(
        counts(node(&late, "cart", None).served.as_ref().unwrap()),
        (0, 1, 6.5)
    );
    assert!(!shop.root);
}

#[test]
fn nothing_arrived_nothing_to_see() {
    let projection = projection(&[(200, shop(json!({})))]);
    let graph = service_graph(&(at(201)..at(300)), [&projection]);
    assert!(graph.is_empty(), "{graph:?}");
}

#[test]
fn what_is_silent_is_inferred() {
    let silent = json!({"subsegments": [
        {"name": "DynamoDB", "id": "0000000000000002", "start_time": 100.5, "end_time": 101.0, "namespace": "aws",
         "throttle": true, "error": true, "aws": {"region": "us-west-2", "operation": "GetItem", "table_name": "stock"}},
        {"name": "pay.test", "id": "0000000000000003", "start_time": 101.0, "end_time": 101.25, "namespace": "remote"},
    ]});
    let projection = projection(&[(200, shop(silent))]);
    let graph = trace_graph(&projection, None);
    let table = node(&graph, "stock", Some("AWS::DynamoDB::Table"));
    let served = table.served.as_ref().unwrap();
    assert_eq!(
        (served.statistics.throttle, served.statistics.total()),
        (1, 1)
    );
    assert_eq!(
        (table.state, table.region.as_deref()),
        (NodeState::Unknown, Some("us-west-2"))
    );
    assert_eq!(
        node(&graph, "pay.test", Some("remote")).state,
        NodeState::Passive
    );
    assert!(
        node(&graph, "shop", None)
            .edges
            .iter()
            .all(|edge| edge.aliases.is_empty())
    );
}

#[test]
fn equal_nodes_of_several_traces_are_one() {
    let one = projection(&[(200, shop(json!({})))]);
    let other = projection(&[(
        200,
        shop(json!({"start_time": 104, "end_time": 105, "error": true})),
    )]);
    let graph = service_graph(&(at(0)..at(300)), [&one, &other]);
    let shop = node(&graph, "shop", None);
    let served = shop.served.as_ref().unwrap();
    assert_eq!((served.statistics.ok, served.statistics.error), (1, 1));
    assert_eq!((shop.start, shop.end), (100, 105));
    assert_eq!((graph.start(), graph.end()), (Some(100), Some(104)));
    let bins: Vec<(f64, u64)> = served
        .histogram
        .bins()
        .iter()
        .map(|bin| (bin.value, bin.count))
        .collect();
    assert_eq!(bins, [(1.0, 1), (2.0, 1)]);
}

#[test]
fn a_root_in_progress_is_not_counted_and_has_no_trace_graph() {
    let mut open = shop(json!({"in_progress": true}));
    open.as_object_mut().unwrap().remove("end_time");
    let projection = projection(&[(200, open)]);
    assert!(trace_graph(&projection, None).is_empty());
    let graph = service_graph(&(at(0)..at(300)), [&projection]);
    assert!(graph.is_empty(), "{graph:?}");
}

#[test]
fn ones_own_account_is_not_told_another_is() {
    let of = |account: &str| projection(&[(200, shop(json!({"aws": {"account_id": account}})))]);
    let (own, other) = (of(ACCOUNT), of("123456789012"));
    let none = projection(&[(200, shop(json!({})))]);
    let graph = service_graph(&(at(0)..at(300)), [&own, &other, &none]);
    let graph = graph.without_account(ACCOUNT);
    let accounts: Vec<_> = graph
        .nodes
        .iter()
        .filter(|node| node.key.kind.is_none())
        .map(|node| node.key.account_id.as_deref())
        .collect();
    assert_eq!(accounts, [None, Some("123456789012")]);
}

#[test]
fn a_roots_duration_is_told_with_what_the_last_delivery_added() {
    let durations = |documents: &[(i64, Value)]| -> Vec<f64> {
        let whole = projection(documents);
        let last = documents.iter().map(|(second, _)| second).max();
        let before = documents.iter().filter(|(second, _)| Some(second) != last);
        let before: Vec<(i64, Value)> = before.cloned().collect();
        let extent = (!before.is_empty()).then(|| projection(&before).duration);
        let graph = trace_graph(&whole, extent);
        let shop = node(&graph, "shop", None);
        let durations = shop.durations.as_ref();
        let histogram = durations.unwrap_or(&shop.served.as_ref().unwrap().histogram);
        histogram.bins().iter().map(|bin| bin.value).collect()
    };
    let root = |end: f64| {
        let mut root = shop(json!({"start_time": 100, "end_time": end}));
        if end == 0.0 {
            root = shop(json!({"start_time": 100, "in_progress": true}));
            root.as_object_mut().unwrap().remove("end_time");
        }
        root
    };
    let call = |id: i64, end: f64| {
        json!({
            "name": "work", "id": format!("{id:016}"), "trace_id": TRACE, "type": "subsegment",
            "parent_id": "0000000000000001", "start_time": 100, "end_time": end
        })
    };
    assert_eq!(
        durations(&[(200, root(107.0)), (200, call(2, 109.0))]),
        [7.0]
    );
    assert_eq!(
        durations(&[(200, root(0.0)), (200, call(2, 101.5)), (300, root(107.0))]),
        [12.5]
    );
    let mut documents = vec![(200, root(107.0)), (300, call(2, 109.0))];
    assert_eq!(durations(&documents), [11.0]);
    documents.push((400, call(3, 111.0)));
    assert_eq!(durations(&documents), [13.0]);
    documents.push((500, call(4, 101.0)));
    assert_eq!(durations(&documents), [7.0]);
}

#[test]
fn windows_that_adjoin_merge_to_the_graph_of_both() {
    let one = projection(&[(200, shop(call_to_cart())), (275, cart())]);
    let other = projection(&[(250, shop(json!({"start_time": 99.0, "fault": true})))]);
    let of = |from, to| arrived(&(at(from)..at(to)), [&one, &other]);
    let mut merged = of(190, 220);
    merged.merge(&of(220, 260));
    merged.merge(&of(260, 300));
    let merged = merged.as_of(at(300));
    let whole = service_graph(&(at(190)..at(300)), [&one, &other]);
    assert_eq!((merged.start(), merged.end()), (Some(99), Some(100)));
    assert_eq!((merged.start(), merged.end()), (whole.start(), whole.end()));
    for node in &whole.nodes {
        let kind = node.key.kind.as_deref();
        let found = super::tests::node(&merged, &node.key.name, kind);
        assert_eq!(found.served, node.served);
        assert_eq!(
            (found.start, found.end, found.root),
            (node.start, node.end, node.root)
        );
        assert_eq!(found.edges.len(), node.edges.len());
        for (found, edge) in found.edges.iter().zip(&node.edges) {
            assert_eq!((&found.calls, &found.aliases), (&edge.calls, &edge.aliases));
        }
    }
}

#[test]
fn names_are_weighed() {
    let weight =
        |name: &str| trace_graph(&projection(&[(1, shop(json!({"name": name})))]), None).weight();
    // The service, and the client that is named for it.
    assert_eq!(weight(&"n".repeat(200)) - weight("n"), 2 * 199);
}
