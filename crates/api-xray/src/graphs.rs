//! GetServiceGraph and GetTraceGraph.

use fluoro_model::TraceId;
use fluoro_query::{Traces, trace_graph};
use fluoro_trace::{Projection, Trace};
use fluoro_wire::json_input::JsonInput;
use fluoro_wire::{Call, Constraints};
use serde::Serialize;

use crate::error::XRayError;
use crate::groups::GroupReference;
use crate::input::{check_window, refuse_token};
use crate::service::{Answer, XRay, to_answer};
use crate::traces::read_trace_ids;

pub(crate) mod output;

use output::of_trace_graph;
pub(crate) use output::{ServiceOutput, of_service_graph};

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetServiceGraphOutput<'a> {
    contains_old_group_versions: bool,
    end_time: Option<i64>,
    next_token: Option<String>,
    services: Vec<ServiceOutput<'a>>,
    start_time: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetTraceGraphOutput<'a> {
    next_token: Option<String>,
    services: Vec<ServiceOutput<'a>>,
}

impl XRay {
    pub(crate) async fn get_service_graph(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let (start, end) = (input.time("StartTime")?, input.time("EndTime")?);
        let group = GroupReference::read(input)?;
        let token = input.text("NextToken")?;
        let mut constraints = Constraints::new();
        let start = constraints.required("startTime", start);
        let end = constraints.required("endTime", end);
        group.check(&mut constraints);
        constraints.finish()?;
        refuse_token(token)?;
        let window = check_window(start, end, self.parts.settings.graph_window_seconds)?;
        let group = group.find(call, &self.parts.groups)?;
        let traces = Traces::of(&group);
        let graph = self.parts.graphs.window(traces, window).await?;
        let graph = graph.without_account(&call.account.0);
        Ok(to_answer(&GetServiceGraphOutput {
            contains_old_group_versions: graph.is_of_older_than(group.version),
            end_time: graph.end(),
            next_token: None,
            services: of_service_graph(&graph),
            start_time: graph.start(),
        }))
    }

    pub(crate) async fn get_trace_graph(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let ids = read_trace_ids(input)?;
        let id = match ids[..] {
            [] => return Err(XRayError::invalid("Zero trace ids provided")),
            [id] => id,
            _ => {
                return Err(XRayError::invalid(
                    "Currently only one trace Id is supported",
                ));
            }
        };
        let id = TraceId::parse_xray(id)
            .map_err(|_| XRayError::invalid("Invalid traceId. ErrorCode: InvalidId"))?;
        let unindexed = self.unindexed(call);
        let found = self.parts.scan.by_id(id).await?;
        let found = found.filter(|trace| !unindexed.has(trace.id, trace.first_received));
        let projection = found.ok_or_else(|| XRayError::invalid("Trace id not found"))?;
        let graph = trace_graph(&projection, self.extent_before(&projection).await?);
        let graph = graph.without_account(&call.account.0);
        Ok(to_answer(&GetTraceGraphOutput {
            next_token: None,
            services: of_trace_graph(&graph),
        }))
    }

    /// Of a trace that came in several deliveries, its duration before the last that changed something.
    async fn extent_before(
        &self,
        projection: &Projection,
    ) -> Result<Option<Option<f64>>, XRayError> {
        if projection.revision < 2 {
            return Ok(None);
        }
        let mut documents = self.parts.scan.documents(projection.id).await?;
        documents.retain(|document| document.at < projection.last_received);
        Ok(Some(Trace::assemble(projection.id, &documents).duration()))
    }
}
