//! PutTraceSegments: documents in, an answer for each that was refused.

use bytes::Bytes;
use fluoro_iam::Denied;
use fluoro_ingest::{Door, Source, TraceSink};
use fluoro_wire::json_input::{JsonInput, as_text};
use fluoro_wire::{Call, Caller, Constraints};
use http::header;
use serde::Serialize;

use crate::answer::{Answer, to_answer};
use crate::error::XRayError;
use crate::operation::Operation;
use crate::service::XRay;

mod body;

/// Documents in one call. Source: X-Ray developer guide; what the service says to more is not recorded.
const DOCUMENTS: usize = 50;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutTraceSegmentsOutput {
    unprocessed_trace_segments: Vec<UnprocessedTraceSegment>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct UnprocessedTraceSegment {
    error_code: &'static str,
    id: Option<String>,
    message: String,
}

/// The documents of a body as every client sends it; `None` for any other, which is to be read as any operation's.
pub(crate) fn in_usual_body(call: &Call) -> Option<Vec<Bytes>> {
    body::documents(&call.body)
}

impl XRay {
    /// The operation, its body read by [`in_usual_body`].
    pub(crate) async fn put_documents(
        &self,
        call: &Call,
        documents: Vec<Bytes>,
    ) -> Result<Answer, XRayError> {
        let nothing_else = serde_json::Map::new();
        let input = JsonInput::new(&nothing_else);
        if let Err(denied) = self.judge(call, Operation::PutTraceSegments, input) {
            self.count_not_allowed(call, documents.len(), &denied);
            return Err(denied.into());
        }
        self.put(call, documents).await
    }

    /// The operation, its body read as any other's.
    pub(crate) async fn put_trace_segments(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let documents = input.list("TraceSegmentDocuments", as_text)?;
        let mut constraints = Constraints::new();
        let documents = constraints.required("traceSegmentDocuments", documents);
        constraints.finish()?;
        let documents = documents.unwrap_or_default();
        if documents.is_empty() {
            return Err(XRayError::invalid("Segments can not be empty"));
        }
        let documents = documents
            .into_iter()
            .map(|text| Bytes::copy_from_slice(text.as_bytes()))
            .collect();
        self.put(call, documents).await
    }

    async fn put(&self, call: &Call, documents: Vec<Bytes>) -> Result<Answer, XRayError> {
        if documents.len() > DOCUMENTS {
            return Err(XRayError::invalid(format!(
                "Segments can not be more than {DOCUMENTS}"
            )));
        }
        let outcomes = self.parts.ingest.put(&source(call), documents).await?;
        // Recorded.
        if self.goes_to_logs(call) && outcomes.iter().all(Result::is_err) {
            return Err(XRayError::invalid(format!(
                "No segments could be converted to log events for account: {}",
                call.account
            )));
        }
        let refused = outcomes.into_iter().filter_map(Result::err);
        Ok(to_answer(&PutTraceSegmentsOutput {
            unprocessed_trace_segments: refused
                .map(|refusal| UnprocessedTraceSegment {
                    error_code: refusal.code.as_str(),
                    id: refusal.id,
                    message: refusal.message,
                })
                .collect(),
        }))
    }

    /// How many documents there are in a body.
    pub(crate) fn documents_in(input: JsonInput<'_>) -> usize {
        let documents = input.list("TraceSegmentDocuments", |_| Ok(()));
        documents.ok().flatten().unwrap_or_default().len()
    }

    /// Counts the documents of a caller that may not write traces, so that they do not vanish.
    pub(crate) fn count_not_allowed(&self, call: &Call, documents: usize, denied: &Denied) {
        let (source, reason) = (source(call), denied.to_string());
        for _ in 0..documents.min(DOCUMENTS) {
            self.parts.ingest.refused(&source, &reason);
        }
    }
}

/// Who sends: a role's session by its name (for a function, the function's), others by the product that their user
/// agent names first, else by address.
fn source(call: &Call) -> Source {
    let door = Door::PutTraceSegments;
    match &call.caller {
        Caller::RoleSession { session_arn, .. } => {
            let name = session_arn.rsplit('/').next();
            Source {
                door,
                client: name.unwrap_or(session_arn).to_owned(),
            }
        }
        Caller::Root => {
            let agent = call.head.headers.get(header::USER_AGENT);
            let agent = agent.and_then(|agent| agent.to_str().ok());
            Source::by_user_agent(door, agent, call.peer.ip())
        }
    }
}
