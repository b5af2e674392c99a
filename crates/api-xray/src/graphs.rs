//! GetServiceGraph and GetTraceGraph.

use std::sync::Arc;

use fluoro_model::TraceId;
use fluoro_query::{Traces, trace_graph};
use fluoro_trace::{Projection, Trace};
use fluoro_wire::json_input::JsonInput;
use fluoro_wire::{Call, Constraints};
use serde::Serialize;

use crate::answer::{Answer, OneByOne, to_long_answer};
use crate::error::XRayError;
use crate::groups::GroupReference;
use crate::input::{check_window, refuse_token};
use crate::service::XRay;
use crate::traces::{read_trace_ids, weight};

pub(crate) mod output;

use output::of_trace_graph;
pub(crate) use output::{ServiceOutput, of_service_graph};

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetServiceGraphOutput<L> {
    contains_old_group_versions: bool,
    end_time: Option<i64>,
    next_token: Option<String>,
    services: L,
    start_time: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetTraceGraphOutput<L> {
    next_token: Option<String>,
    services: L,
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
        let (own_account, questions) = (call.account.clone(), Arc::clone(&self.parts.questions));
        let written = tokio::task::spawn_blocking(move || {
            let mut held = questions.share();
            // The one that was made, and the one of it that is told.
            held.set(2 * graph.weight())?;
            let graph = graph.without_account(&own_account.0);
            let output = GetServiceGraphOutput {
                contains_old_group_versions: graph.is_of_older_than(group.version),
                end_time: graph.end(),
                next_token: None,
                services: OneByOne(|| of_service_graph(&graph)),
                start_time: graph.start(),
            };
            to_long_answer(&questions, &output)
        });
        Ok(written.await??)
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
        let output = GetTraceGraphOutput {
            next_token: None,
            services: OneByOne(|| of_trace_graph(&graph)),
        };
        Ok(to_long_answer(&self.parts.questions, &output)?)
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
        let mut held = self.parts.questions.share();
        held.set(weight(&documents))?;
        documents.retain(|document| document.at < projection.last_received);
        Ok(Some(Trace::assemble(projection.id, &documents).duration()))
    }
}
