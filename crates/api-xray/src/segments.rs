//! PutTraceSegments: documents in, an answer for each that was refused.

use bytes::Bytes;
use fluoro_iam::Denied;
use fluoro_ingest::{Door, Source, TraceSink};
use fluoro_wire::json_input::{JsonInput, as_text};
use fluoro_wire::{Call, Caller, Constraints};
use http::header;
use serde::Serialize;

use crate::error::XRayError;
use crate::service::{Answer, XRay, to_answer};

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

impl XRay {
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
        if documents.len() > DOCUMENTS {
            return Err(XRayError::invalid(format!(
                "Segments can not be more than {DOCUMENTS}"
            )));
        }
        let documents = documents
            .into_iter()
            .map(|text| Bytes::copy_from_slice(text.as_bytes()))
            .collect();
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

    /// Counts the documents of a caller that may not write traces, so that they do not vanish.
    pub(crate) fn count_not_allowed(&self, call: &Call, input: JsonInput<'_>, denied: &Denied) {
        let documents = input.list("TraceSegmentDocuments", |_| Ok(()));
        let documents = documents.ok().flatten().unwrap_or_default();
        let (source, reason) = (source(call), denied.to_string());
        for () in documents.into_iter().take(DOCUMENTS) {
            self.parts.ingest.refused(&source, &reason);
        }
    }
}

/// Who sends: a role's session by its name (for a function, the function's), others by the product that their user
/// agent names first, else by address.
fn source(call: &Call) -> Source {
    let client = match &call.caller {
        Caller::RoleSession { session_arn, .. } => {
            let name = session_arn.rsplit('/').next();
            name.unwrap_or(session_arn).to_owned()
        }
        Caller::Root => {
            let agent = call.head.headers.get(header::USER_AGENT);
            let product = agent
                .and_then(|agent| agent.to_str().ok())
                .and_then(|agent| agent.split_whitespace().next());
            product.map_or_else(|| call.peer.ip().to_string(), str::to_owned)
        }
    };
    Source {
        door: Door::PutTraceSegments,
        client,
    }
}
