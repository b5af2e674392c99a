//! A graph as the service writes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluoro_query::{
    EdgeKind, Graph, GraphEdge, GraphNode, Histogram, NodeState, Served, Statistics,
};
use serde::Serialize;

/// `Service`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceOutput<'a> {
    account_id: Option<&'a str>,
    duration_histogram: Option<Vec<HistogramEntryOutput>>,
    edges: Vec<EdgeOutput<'a>>,
    end_time: Option<i64>,
    /// Not in the model: `{}` in the service graph, null in the trace graph (recorded), as the next.
    hosted_in: Option<BTreeMap<String, String>>,
    key_attributes: Option<BTreeMap<String, String>>,
    name: &'a str,
    names: [&'a str; 1],
    reference_id: usize,
    /// Not in the model: told in the trace graph only (recorded).
    region: Option<&'a str>,
    response_time_histogram: Option<Vec<HistogramEntryOutput>>,
    /// True, or null (recorded).
    root: Option<bool>,
    start_time: Option<i64>,
    state: &'static str,
    summary_statistics: Option<StatisticsOutput>,
    #[serde(rename = "Type")]
    kind: Option<&'a str>,
}

/// `Edge`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct EdgeOutput<'a> {
    aliases: Vec<AliasOutput<'a>>,
    /// Absent on ordinary edges (recorded), as the ages.
    #[serde(skip_serializing_if = "Option::is_none")]
    edge_type: Option<&'static str>,
    end_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received_event_age_histogram: Option<Vec<HistogramEntryOutput>>,
    reference_id: usize,
    response_time_histogram: Vec<HistogramEntryOutput>,
    start_time: Option<i64>,
    summary_statistics: StatisticsOutput,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AliasOutput<'a> {
    name: &'a str,
    names: [&'a str; 1],
    #[serde(rename = "Type")]
    kind: &'static str,
}

/// `ServiceStatistics`, `EdgeStatistics`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StatisticsOutput {
    error_statistics: ErrorStatisticsOutput,
    fault_statistics: FaultStatisticsOutput,
    ok_count: u64,
    total_count: u64,
    total_response_time: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorStatisticsOutput {
    other_count: u64,
    throttle_count: u64,
    total_count: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FaultStatisticsOutput {
    other_count: u64,
    total_count: u64,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HistogramEntryOutput {
    count: u64,
    value: f64,
}

/// The nodes of a service graph: with times, without regions.
pub(crate) fn of_service_graph(graph: &Graph) -> impl Iterator<Item = ServiceOutput<'_>> {
    let nodes = graph.nodes.iter().enumerate();
    nodes.map(|(place, node)| ServiceOutput {
        hosted_in: Some(BTreeMap::new()),
        key_attributes: Some(BTreeMap::new()),
        ..ServiceOutput::of(place, node, Some((node.start, node.end)))
    })
}

/// The nodes of one trace's graph: without times, with regions.
pub(super) fn of_trace_graph(graph: &Graph) -> impl Iterator<Item = ServiceOutput<'_>> {
    let nodes = graph.nodes.iter().enumerate();
    nodes.map(|(place, node)| ServiceOutput {
        region: node.region.as_deref(),
        ..ServiceOutput::of(place, node, None)
    })
}

impl<'a> ServiceOutput<'a> {
    fn of(place: usize, node: &'a GraphNode, times: Option<(i64, i64)>) -> Self {
        let histogram = |served: &Served| bins(&served.histogram);
        let response_times = node.served.as_ref().map(histogram);
        let (start_time, end_time) = times.unzip();
        Self {
            account_id: node.key.account_id.as_deref(),
            duration_histogram: match &node.durations {
                Some(durations) => Some(bins(durations)),
                None => response_times.clone(),
            },
            // An edge repeats the bounds of the node that it leaves (recorded).
            edges: node
                .edges
                .iter()
                .map(|edge| EdgeOutput::of(edge, times))
                .collect(),
            end_time,
            hosted_in: None,
            key_attributes: None,
            name: &node.key.name,
            names: [&node.key.name],
            reference_id: place,
            region: None,
            response_time_histogram: response_times,
            root: node.root.then_some(true),
            start_time,
            state: match node.state {
                NodeState::Active => "active",
                NodeState::Passive => "passive",
                NodeState::Unknown => "unknown",
            },
            summary_statistics: node
                .served
                .as_ref()
                .map(|served| StatisticsOutput::of(&served.statistics)),
            kind: node.key.kind.as_deref(),
        }
    }
}

impl<'a> EdgeOutput<'a> {
    fn of(edge: &'a GraphEdge, times: Option<(i64, i64)>) -> Self {
        let (start_time, end_time) = times.unzip();
        let is_link = edge.kind == EdgeKind::Link;
        let alias = |name: &'a Arc<str>| AliasOutput {
            name,
            names: [name],
            kind: "remote",
        };
        Self {
            aliases: edge.aliases.iter().map(alias).collect(),
            edge_type: is_link.then_some("link"),
            end_time,
            received_event_age_histogram: is_link.then(|| bins(&edge.ages)),
            reference_id: edge.to,
            response_time_histogram: bins(&edge.calls.histogram),
            start_time,
            summary_statistics: StatisticsOutput::of(&edge.calls.statistics),
        }
    }
}

impl StatisticsOutput {
    pub(crate) fn of(statistics: &Statistics) -> Self {
        Self {
            error_statistics: ErrorStatisticsOutput {
                other_count: statistics.error,
                throttle_count: statistics.throttle,
                total_count: statistics.error + statistics.throttle,
            },
            fault_statistics: FaultStatisticsOutput {
                other_count: statistics.fault,
                total_count: statistics.fault,
            },
            ok_count: statistics.ok,
            total_count: statistics.total(),
            total_response_time: statistics.total_response_time(),
        }
    }
}

pub(crate) fn bins(histogram: &Histogram) -> Vec<HistogramEntryOutput> {
    let entries = histogram
        .bins()
        .into_iter()
        .map(|bin| HistogramEntryOutput {
            count: bin.count,
            value: bin.value,
        });
    entries.collect()
}
