//! Retrieved traces and their graph as the service writes them.

use std::collections::{BTreeMap, HashMap};

use fluoro_model::TraceId;
use fluoro_query::Graph;
use fluoro_trace::{Projection, Trace};
use serde::Serialize;

use crate::graphs::{ServiceOutput, of_service_graph};

/// Links of one service in an answer (API model).
const LINKS: usize = 100;

/// How documents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TraceFormat {
    /// Segment documents, as BatchGetTraces has them.
    XRay,
    /// OpenTelemetry spans, one for each segment and subsegment.
    Otel,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartTraceRetrievalOutput {
    pub(super) retrieval_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRetrievedTracesOutput {
    pub(super) next_token: Option<String>,
    pub(super) retrieval_status: &'static str,
    pub(super) trace_format: &'static str,
    pub(super) traces: Vec<RetrievedTraceOutput>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RetrievedTraceOutput {
    pub(super) duration: Option<f64>,
    pub(super) id: String,
    pub(super) spans: Vec<SpanOutput>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SpanOutput {
    document: String,
    id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RetrievedGraphOutput<'a> {
    pub(super) next_token: Option<String>,
    pub(super) retrieval_status: &'static str,
    pub(super) services: Vec<RetrievedServiceOutput<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RetrievedServiceOutput<'a> {
    links: Vec<LinkOutput<'a>>,
    service: ServiceOutput<'a>,
}

/// `GraphLink`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct LinkOutput<'a> {
    destination_trace_ids: Vec<TraceId>,
    reference_type: Option<&'a str>,
    source_trace_id: TraceId,
}

/// What makes a node one: name, type, account when it is not our own.
type Key<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

impl TraceFormat {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::XRay => "XRAY",
            Self::Otel => "OTEL",
        }
    }

    pub(super) fn spans(self, trace: &Trace<'_>) -> Vec<SpanOutput> {
        match self {
            Self::XRay => {
                let segments = trace.segments().into_iter();
                let documents = segments.map(|segment| (segment.id, segment.document));
                documents.map(SpanOutput::of).collect()
            }
            Self::Otel => {
                let spans = trace.spans().into_iter();
                let documents = spans.map(|span| (span.id, span.document));
                documents.map(SpanOutput::of).collect()
            }
        }
    }
}

impl RetrievedTraceOutput {
    /// What it takes, in bytes, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.spans.iter().map(|span| span.document.len()).sum()
    }
}

impl SpanOutput {
    fn of((id, document): (fluoro_model::SegmentId, String)) -> Self {
        Self {
            document,
            id: id.to_string(),
        }
    }
}

/// The graph's services, each with the links of its segments to other traces.
pub(super) fn services<'a>(
    own_account: &str,
    graph: &'a Graph,
    projections: impl Iterator<Item = &'a Projection>,
) -> Vec<RetrievedServiceOutput<'a>> {
    let mut links = links(own_account, projections);
    let services = of_service_graph(graph);
    services
        .zip(&graph.nodes)
        .map(|(service, node)| {
            let key = &node.key;
            let (kind, account) = (key.kind.as_deref(), key.account_id.as_deref());
            let of_node = links.remove(&(&*key.name, kind, account));
            let of_node = of_node.into_iter().flatten().take(LINKS);
            RetrievedServiceOutput {
                links: of_node
                    .map(|((reference_type, source), destinations)| LinkOutput {
                        destination_trace_ids: destinations,
                        reference_type,
                        source_trace_id: source,
                    })
                    .collect(),
                service,
            }
        })
        .collect()
}

/// By node, then by kind of link and the trace that has it: the traces linked to.
type Links<'a> = HashMap<Key<'a>, BTreeMap<(Option<&'a str>, TraceId), Vec<TraceId>>>;

fn links<'a>(own_account: &str, projections: impl Iterator<Item = &'a Projection>) -> Links<'a> {
    let mut links = Links::new();
    for projection in projections {
        for link in &projection.links {
            let Some(from) = projection.observations.get(link.from as usize) else {
                continue;
            };
            let node = projection.node(from.node);
            let account = node.account_id.as_deref();
            let account = account.filter(|account| *account != own_account);
            let of_node = links
                .entry((&*node.name, node.kind.as_deref(), account))
                .or_default();
            let kind = link.reference_type.as_deref();
            let destinations = of_node.entry((kind, projection.id)).or_default();
            if !destinations.contains(&link.trace_id) {
                destinations.push(link.trace_id);
            }
        }
    }
    links
}
