//! BatchGetTraces: whole traces by id.

use std::collections::HashSet;
use std::sync::Arc;

use fluoro_model::TraceId;
use fluoro_trace::{Received, Trace};
use fluoro_wire::json_input::{JsonInput, as_text};
use fluoro_wire::{Call, Constraints};
use serde::Serialize;

use crate::error::XRayError;
use crate::input::refuse_token;
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
    /// As it was asked for: ids are compared without regard to case, and callers look for what they sent.
    id: String,
    limit_exceeded: bool,
    segments: Vec<SegmentOutput>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SegmentOutput {
    document: String,
    id: String,
}

/// A trace that was asked for.
struct Asked {
    id: TraceId,
    text: String,
    documents: Vec<Received>,
}

impl XRay {
    pub(crate) async fn batch_get_traces(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
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
        let unindexed = self.unindexed(call);
        let mut traces = Vec::with_capacity(ids.len());
        for text in ids {
            traces.push(Asked {
                id: TraceId::parse_xray(text).map_err(|_| malformed(text))?,
                text: text.to_owned(),
                documents: Vec::new(),
            });
        }
        for asked in &mut traces {
            asked.documents = self.parts.scan.documents(asked.id).await?;
        }
        traces.retain(|asked| {
            let first = asked.documents.iter().map(|document| document.at).min();
            first.is_some_and(|first| !unindexed.has(asked.id, first))
        });
        let ingest = Arc::clone(&self.parts.ingest);
        let written = tokio::task::spawn_blocking(move || {
            let output = |asked: Asked| TraceOutput::of(ingest.limit_exceeded(asked.id), asked);
            to_answer(&BatchGetTracesOutput {
                next_token: None,
                traces: traces.into_iter().map(output).collect(),
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

/// Recorded.
pub(crate) fn malformed(id: &str) -> XRayError {
    XRayError::invalid(format!("Invalid trace id {id}: incorrect id format"))
}

impl TraceOutput {
    fn of(limit_exceeded: bool, asked: Asked) -> Self {
        let trace = Trace::assemble(asked.id, &asked.documents);
        let segments = trace.segments().into_iter();
        Self {
            duration: trace.duration(),
            id: asked.text,
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
