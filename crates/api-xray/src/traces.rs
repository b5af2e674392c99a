//! BatchGetTraces: whole traces by id.

use std::collections::HashSet;
use std::sync::Arc;

use fluoro_model::TraceId;
use fluoro_trace::{Received, Trace};
use fluoro_wire::Constraints;
use fluoro_wire::json_input::{JsonInput, as_text};
use serde::Serialize;

use crate::error::XRayError;
use crate::service::{Answer, XRay, to_answer};

/// Traces in one call (recorded).
const TRACES: usize = 5;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct BatchGetTracesOutput {
    next_token: Option<String>,
    traces: Vec<TraceOutput>,
    /// Always empty: an unknown trace is simply absent (recorded).
    unprocessed_trace_ids: Vec<TraceId>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TraceOutput {
    duration: Option<f64>,
    id: TraceId,
    limit_exceeded: bool,
    segments: Vec<SegmentOutput>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SegmentOutput {
    document: String,
    id: String,
}

impl XRay {
    pub(crate) async fn batch_get_traces(&self, input: JsonInput<'_>) -> Result<Answer, XRayError> {
        let ids = read_trace_ids(input)?;
        if ids.len() > TRACES {
            return Err(XRayError::invalid(format!(
                "Exceeding maximum query size: {TRACES}"
            )));
        }
        let mut distinct = HashSet::new();
        if !ids.iter().all(|id| distinct.insert(*id)) {
            return Err(XRayError::invalid("Containing duplicate trace ids"));
        }
        let malformed =
            |id: &str| XRayError::invalid(format!("Invalid trace id {id}: incorrect id format"));
        let ids: Vec<TraceId> = ids
            .into_iter()
            .map(|id| TraceId::parse_xray(id).map_err(|_| malformed(id)))
            .collect::<Result<_, _>>()?;
        let mut traces = Vec::with_capacity(ids.len());
        for id in ids {
            let documents = self.parts.scan.documents(id).await?;
            if !documents.is_empty() {
                traces.push((id, documents));
            }
        }
        let ingest = Arc::clone(&self.parts.ingest);
        let written = tokio::task::spawn_blocking(move || {
            let trace = |(id, documents): &(TraceId, Vec<Received>)| {
                let limit_exceeded = ingest.limit_exceeded(*id);
                TraceOutput::of(limit_exceeded, &Trace::assemble(*id, documents))
            };
            to_answer(&BatchGetTracesOutput {
                next_token: None,
                traces: traces.iter().map(trace).collect(),
                unprocessed_trace_ids: Vec::new(),
            })
        });
        Ok(written.await?)
    }
}

/// The ids as they came, for the operations that take them and no token.
pub(crate) fn read_trace_ids(input: JsonInput<'_>) -> Result<Vec<&str>, XRayError> {
    let ids = input.list("TraceIds", as_text)?;
    let token = input.text("NextToken")?;
    let mut constraints = Constraints::new();
    let ids = constraints.required("traceIds", ids);
    constraints.finish()?;
    refuse_token(token)?;
    Ok(ids.unwrap_or_default())
}

/// The model has tokens where the service has none (recorded).
pub(crate) fn refuse_token(token: Option<&str>) -> Result<(), XRayError> {
    match token {
        Some(_) => Err(XRayError::invalid("NextToken is currently not supported")),
        None => Ok(()),
    }
}

impl TraceOutput {
    fn of(limit_exceeded: bool, trace: &Trace<'_>) -> Self {
        let segments = trace.segments().into_iter();
        Self {
            duration: trace.duration(),
            id: trace.id(),
            limit_exceeded,
            segments: segments
                .map(|segment| SegmentOutput {
                    document: segment.document,
                    id: segment.id.to_string(),
                })
                .collect(),
        }
    }
}
