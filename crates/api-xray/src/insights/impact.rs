//! The impact graph: of a service graph, the services that an insight is about.

use std::ops::Range;

use fluoro_model::TimestampMicros;
use fluoro_query::insights::{Insight, ServiceId};
use fluoro_query::{Graph, GraphNode};
use serde::Serialize;

/// `GetInsightImpactGraphResult`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ImpactGraphOutput<'a> {
    end_time: i64,
    insight_id: &'a str,
    next_token: Option<String>,
    service_graph_end_time: Option<i64>,
    service_graph_start_time: Option<i64>,
    services: Vec<ServiceOutput<'a>>,
    start_time: i64,
}

/// `InsightImpactGraphService`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceOutput<'a> {
    account_id: Option<&'a str>,
    edges: Vec<EdgeOutput>,
    name: &'a str,
    names: [&'a str; 1],
    reference_id: usize,
    #[serde(rename = "Type")]
    kind: Option<&'a str>,
}

/// `InsightImpactGraphEdge`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct EdgeOutput {
    reference_id: usize,
}

impl<'a> ImpactGraphOutput<'a> {
    /// The insight's part of the graph of a window.
    pub(super) fn of(
        insight: &'a Insight,
        window: &Range<TimestampMicros>,
        graph: &'a Graph,
    ) -> Self {
        let related = &insight.report.related;
        let is_related = |node: &GraphNode| {
            let service = ServiceId::of(&node.key, &insight.account);
            node.served.is_some() && related.contains(&service)
        };
        // Clients are part of it with those that they call.
        let calls_related = |node: &GraphNode| {
            let mut called = node.edges.iter();
            node.served.is_none() && called.any(|edge| is_related(&graph.nodes[edge.to]))
        };
        let shown = |node: &GraphNode| is_related(node) || calls_related(node);
        let services = graph.nodes.iter().enumerate();
        let services = services.filter(|(_, node)| shown(node));
        let services = services.map(|(reference_id, node)| {
            let edges = node.edges.iter().map(|edge| edge.to);
            let edges = edges.filter(|to| shown(&graph.nodes[*to]));
            ServiceOutput {
                account_id: node.key.account_id.as_deref(),
                edges: edges
                    .map(|reference_id| EdgeOutput { reference_id })
                    .collect(),
                name: &node.key.name,
                names: [&node.key.name],
                reference_id,
                kind: node.key.kind.as_deref(),
            }
        });
        Self {
            end_time: window.end.floor_second(),
            insight_id: &insight.id,
            next_token: None,
            service_graph_end_time: graph.end(),
            service_graph_start_time: graph.start(),
            services: services.collect(),
            start_time: window.start.floor_second(),
        }
    }
}
