//! GetServiceGraph and GetTraceGraph.

use fluoro_model::TraceId;
use fluoro_query::{arrival_candidates, service_graph, trace_graph};
use fluoro_wire::json_input::JsonInput;
use fluoro_wire::{Call, Constraints};
use serde::Serialize;

use crate::error::XRayError;
use crate::service::{Answer, XRay, to_answer};
use crate::summaries::check_window;
use crate::traces::{read_trace_ids, refuse_token};

mod output;

use output::{ServiceOutput, of_service_graph, of_trace_graph};

/// The group that holds every trace.
const DEFAULT_GROUP: &str = "Default";

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
        let group_name = input.text("GroupName")?;
        let group_arn = input.text("GroupARN")?;
        let token = input.text("NextToken")?;
        let mut constraints = Constraints::new();
        let start = constraints.required("startTime", start);
        let end = constraints.required("endTime", end);
        for (path, text, longest) in [("groupName", group_name, 32), ("groupARN", group_arn, 400)] {
            if let Some(text) = text {
                constraints.text(path, text, 1..=longest);
            }
        }
        constraints.finish()?;
        refuse_token(token)?;
        let window = check_window(start, end, self.parts.settings.graph_window_seconds)?;
        let default_arn = format!(
            "arn:aws:xray:{}:{}:group/{DEFAULT_GROUP}",
            call.region, call.account
        );
        // Groups cannot be made yet, so there is no other.
        let known = group_name.is_none_or(|name| name == DEFAULT_GROUP)
            && group_arn.is_none_or(|arn| arn == default_arn);
        if !known {
            return Err(XRayError::invalid("Group not found."));
        }
        let candidates = arrival_candidates(window.clone());
        let projections = self.parts.scan.projections(&candidates).await?;
        let own_account = call.account.clone();
        let written = tokio::task::spawn_blocking(move || {
            let projections = projections.iter().map(|projection| &**projection);
            let graph = service_graph(&own_account.0, &window, projections);
            to_answer(&GetServiceGraphOutput {
                contains_old_group_versions: false,
                end_time: graph.end,
                next_token: None,
                services: of_service_graph(&graph),
                start_time: graph.start,
            })
        });
        Ok(written.await?)
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
        let found = self.parts.scan.by_id(id).await?;
        let projection = found.ok_or_else(|| XRayError::invalid("Trace id not found"))?;
        let graph = trace_graph(&call.account.0, &projection);
        Ok(to_answer(&GetTraceGraphOutput {
            next_token: None,
            services: of_trace_graph(&graph),
        }))
    }
}
