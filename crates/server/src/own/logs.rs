//! `GET functions/{name}/logs`: what a function wrote, up to now or as it comes.

use std::sync::Arc;

use fluoro_functions::{FunctionLog, LogEvent};
use fluoro_model::TraceId;
use fluoro_wire::query::Form;
use http::{Response, StatusCode};
use serde::Serialize;
use tokio::sync::mpsc;

use super::pieces::Piece;
use super::reply::{Problem, Reply};
use super::{OwnApi, functions, lines};
use crate::body::Body;
use crate::http1::Stop;

/// Lines in one answer that does not follow, the newest ones.
const LINES: usize = 10_000;

/// Lines that are read from the log at once when they are followed.
const BATCH: usize = 2_000;

/// One line of a log, as it is answered.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "LogLine"))]
pub(super) struct Line {
    /// Seconds since the epoch.
    at: f64,
    request_id: Option<String>,
    trace: Option<String>,
    /// The environment that wrote it.
    stream: String,
    /// Without its line feed.
    text: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "LogLines"))]
pub(super) struct Lines {
    lines: Vec<Line>,
}

pub(super) async fn answer(
    own: &OwnApi,
    name: &str,
    query: &Form,
) -> Result<Response<Body>, Problem> {
    let (arn, _) = functions::find(own, name)?;
    let gone = || {
        Problem::new(
            StatusCode::NOT_FOUND,
            "NotFound",
            "the function was just deleted",
        )
    };
    let log = own.functions.log(&arn).ok_or_else(gone)?;
    let trace = match query.get("trace") {
        Some(text) => Some(
            text.parse::<TraceId>()
                .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "BadTraceId", error))?,
        ),
        None => None,
    };
    match query.get("follow") {
        None | Some("false") => {
            let mut events = log.after(0, trace, usize::MAX).await;
            let lines = events.split_off(events.len().saturating_sub(LINES));
            let lines = lines.into_iter().map(Line::from).collect();
            Ok(Reply::json(&Lines { lines }).into_response())
        }
        Some("true" | "") => Ok(follow(log, trace, own.stop.clone())),
        Some(other) => {
            let message = format!("follow={other}: expected true or false");
            Err(Problem::new(StatusCode::BAD_REQUEST, "BadFollow", message))
        }
    }
}

/// Everything there is, then what comes.
fn follow(log: Arc<FunctionLog>, trace: Option<TraceId>, stop: Stop) -> Response<Body> {
    let (lines, response) = lines::answer();
    tokio::spawn(send_lines(log, trace, lines, stop));
    response
}

async fn send_lines(
    log: Arc<FunctionLog>,
    trace: Option<TraceId>,
    lines: mpsc::Sender<Piece>,
    mut stop: Stop,
) {
    let mut seen = 0;
    loop {
        // Read first: what is behind it was in the log when it was asked.
        let newest = log.newest();
        let events = log.after(seen, trace, BATCH).await;
        if events.is_empty() {
            seen = newest;
            tokio::select! {
                () = log.grown(seen) => continue,
                () = lines.closed() => return,
                () = stop.asked() => return,
            }
        }
        seen = events.last().map_or(newest, |event| event.sequence);
        let mut text = Vec::new();
        for event in events {
            lines::push(&mut text, &Line::from(event));
        }
        if lines.send(Ok(text.into())).await.is_err() {
            return;
        }
    }
}

// === impl Line ===

impl From<LogEvent> for Line {
    fn from(event: LogEvent) -> Self {
        Self {
            at: event.at.seconds(),
            request_id: event.request_id.map(|id| id.to_string()),
            trace: event.trace.map(|trace| trace.to_string()),
            stream: event.stream.to_string(),
            text: event.message.trim_end_matches('\n').to_owned(),
        }
    }
}
