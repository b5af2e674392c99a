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

fn node<'g>(graph: &'g Graph<'_>, name: &str, kind: Option<&str>) -> &'g GraphNode<'g> {
    let found = graph
        .nodes
        .iter()
        .find(|node| node.name == name && node.kind == kind);
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
    let graph = service_graph(ACCOUNT, &(at(190)..at(210)), [&projection]);
    let shop = node(&graph, "shop", None);
    let cart = node(&graph, "cart", None);
    let client = node(&graph, "shop", Some("client"));
    assert_eq!(counts(shop.served.as_ref().unwrap()), (1, 0, 2.0));
    assert_eq!(counts(cart.served.as_ref().unwrap()), (0, 1, 6.5));
    assert_eq!(client.served, None);
    assert_eq!(counts(&client.edges[0].calls), (1, 0, 2.0));
    assert_eq!(counts(&shop.edges[0].calls), (0, 1, 1.5));
    assert_eq!(graph.nodes[shop.edges[0].to].name, "cart");
    assert_eq!(Vec::from_iter(&shop.edges[0].aliases), [&"cart-api"]);
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
    let graph = service_graph(ACCOUNT, &(at(190)..at(210)), [&projection]);
    assert_eq!((graph.start, graph.end), (Some(100), Some(100)));
    for node in &graph.nodes {
        assert_eq!((node.start, node.end), (100, 101), "{}", node.name);
    }
}

#[test]
fn what_arrives_later_counts_later_and_brings_its_caller_with_zero_counts() {
    let projection = projection(&[(200, shop(call_to_cart())), (275, cart())]);
    let early = service_graph(ACCOUNT, &(at(190)..at(210)), [&projection]);
    assert_eq!(
        counts(node(&early, "shop", None).served.as_ref().unwrap()),
        (1, 0, 2.0)
    );
    assert_eq!(early.nodes.len(), 2);
    let late = service_graph(ACCOUNT, &(at(270)..at(280)), [&projection]);
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
    let graph = service_graph(ACCOUNT, &(at(201)..at(300)), [&projection]);
    assert_eq!(graph, Graph::default());
}

#[test]
fn what_is_silent_is_inferred() {
    let silent = json!({"subsegments": [
        {"name": "DynamoDB", "id": "0000000000000002", "start_time": 100.5, "end_time": 101.0, "namespace": "aws",
         "throttle": true, "error": true, "aws": {"region": "us-west-2", "operation": "GetItem", "table_name": "stock"}},
        {"name": "pay.test", "id": "0000000000000003", "start_time": 101.0, "end_time": 101.25, "namespace": "remote"},
    ]});
    let projection = projection(&[(200, shop(silent))]);
    let graph = trace_graph(ACCOUNT, &projection);
    let table = node(&graph, "stock", Some("AWS::DynamoDB::Table"));
    let served = table.served.as_ref().unwrap();
    assert_eq!(
        (served.statistics.throttle, served.statistics.total()),
        (1, 1)
    );
    assert_eq!(
        (table.state, table.region),
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
    let graph = service_graph(ACCOUNT, &(at(0)..at(300)), [&one, &other]);
    let shop = node(&graph, "shop", None);
    let served = shop.served.as_ref().unwrap();
    assert_eq!((served.statistics.ok, served.statistics.error), (1, 1));
    assert_eq!((shop.start, shop.end), (100, 105));
    assert_eq!((graph.start, graph.end), (Some(100), Some(104)));
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
    assert_eq!(trace_graph(ACCOUNT, &projection), Graph::default());
    let graph = service_graph(ACCOUNT, &(at(0)..at(300)), [&projection]);
    assert_eq!(graph, Graph::default());
}

#[test]
fn ones_own_account_is_not_told_another_is() {
    let of = |account: &str| projection(&[(200, shop(json!({"aws": {"account_id": account}})))]);
    let (own, other) = (of(ACCOUNT), of("123456789012"));
    let graph = service_graph(ACCOUNT, &(at(0)..at(300)), [&own, &other]);
    let accounts: Vec<_> = graph
        .nodes
        .iter()
        .filter(|node| node.kind.is_none())
        .map(|node| node.account_id)
        .collect();
    assert_eq!(accounts, [None, Some("123456789012")]);
}
