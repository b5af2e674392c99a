//! `GET traces/{id}`: whether a trace is complete, and what is still to come.

use std::time::Duration;

use fluoro_model::TraceId;
use fluoro_wire::query::Form;
use http::StatusCode;
use serde::Serialize;

use super::OwnApi;
use super::reply::{Problem, Reply};
use crate::settings::parse_duration;

/// The longest wait for one answer.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TraceState {
    id: String,
    /// Whether any document of it is there.
    found: bool,
    /// Whether nothing more is known to come.
    complete: bool,
    /// What is, in words.
    open: Vec<String>,
    /// Documents received.
    documents: usize,
}

pub(super) async fn trace(own: &OwnApi, id: &str, query: &Form) -> Result<Reply, Problem> {
    let bad = |code, message: String| Problem::new(StatusCode::BAD_REQUEST, code, message);
    let trace: TraceId = id
        .parse()
        .map_err(|error| bad("BadTraceId", format!("{error}")))?;
    let wait = match query.get("wait") {
        Some(text) => {
            let wait = parse_duration(text);
            wait.map_err(|expected| bad("BadWait", format!("wait={text}: {expected}")))?
        }
        None => Duration::ZERO,
    };
    let failed = |error| Problem::failed("failed to read the trace", &error);
    let completion = own
        .ingest
        .wait_complete(trace, wait.min(LONGEST_WAIT))
        .await
        .map_err(failed)?;
    let documents = own.hot.documents(trace).await.map_err(failed)?.len();
    Ok(Reply::json(&TraceState {
        id: trace.to_string(),
        found: documents > 0,
        complete: documents > 0 && completion.complete,
        open: completion.open,
        documents,
    }))
}
