//! BatchGetTraces: whole traces by id.

use std::collections::HashSet;
use std::sync::Arc;

use fluoro_ingest::Ingest;
use fluoro_model::TraceId;
use fluoro_trace::{Received, Trace};
use fluoro_wire::json_input::{JsonInput, as_text};
use fluoro_wire::{Call, Constraints};
use serde::Serialize;

use crate::answer::{Answer, OneByOne, to_long_answer};
use crate::error::XRayError;
use crate::input::refuse_token;
use crate::service::XRay;

/// Traces in one call (recorded).
const TRACES: usize = 5;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct BatchGetTracesOutput<L> {
    next_token: Option<String>,
    traces: L,
    /// Always empty: an unknown trace is simply absent (recorded).
    unprocessed_trace_ids: Vec<TraceId>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TraceOutput<'a> {
    duration: Option<f64>,
    /// As it was asked for: ids are compared without regard to case, and callers look for what they sent.
    id: &'a str,
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
        let mut held = self.parts.questions.share();
        for asked in &mut traces {
            asked.documents = self.parts.scan.documents(asked.id).await?;
            held.set(held.bytes() + weight(&asked.documents))?;
        }
        traces.retain(|asked| {
            let first = asked.documents.iter().map(|document| document.at).min();
            first.is_some_and(|first| !unindexed.has(asked.id, first))
        });
        let ingest = Arc::clone(&self.parts.ingest);
        let questions = Arc::clone(&self.parts.questions);
        let written = tokio::task::spawn_blocking(move || {
            let output = |asked| TraceOutput::of(&ingest, asked);
            let output = BatchGetTracesOutput {
                next_token: None,
                traces: OneByOne(|| traces.iter().map(output)),
                unprocessed_trace_ids: Vec::new(),
            };
            let answer = to_long_answer(&questions, &output);
            drop(held);
            answer
        });
        Ok(written.await??)
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

/// What documents take that were read, and the trace that is made of them, in bytes, roughly.
pub(crate) fn weight(documents: &[Received]) -> usize {
    let read = documents.iter().map(|received| received.document.weight());
    2 * read.sum::<usize>()
}

/// Recorded.
pub(crate) fn malformed(id: &str) -> XRayError {
    XRayError::invalid(format!("Invalid trace id {id}: incorrect id format"))
}

impl<'a> TraceOutput<'a> {
    fn of(ingest: &Ingest, asked: &'a Asked) -> Self {
        let trace = Trace::assemble(asked.id, &asked.documents);
        let segments = trace.segments().into_iter();
        Self {
            duration: trace.duration(),
            id: &asked.text,
            limit_exceeded: ingest.limit_exceeded(asked.id),
            segments: segments
                .map(|segment| SegmentOutput {
                    document: segment.document,
                    id: segment.id.to_string(),
                })
                .collect(),
        }
    }
}
