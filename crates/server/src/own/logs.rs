//! `GET functions/{name}/logs`: what a function wrote, up to now or as it comes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use fluoro_functions::{FunctionArn, FunctionLog, Functions, LogEvent};
use fluoro_gateway::BodyError;
use fluoro_model::TraceId;
use fluoro_wire::query::Form;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Frame;
use serde::Serialize;
use tokio::sync::mpsc;

use super::OwnApi;
use super::reply::{Problem, Reply};
use crate::body::Body;
use crate::http1::Stop;

/// Lines in one answer that does not follow, the newest ones.
const LINES: usize = 10_000;

/// Lines that are read from the log at once when they are followed.
const BATCH: usize = 2_000;

/// One line of a log, as it is answered.
#[derive(Debug, Serialize)]
struct Line {
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
struct Lines {
    lines: Vec<Line>,
}

/// A body whose pieces come from a task.
struct Followed(mpsc::Receiver<Bytes>);

pub(super) async fn answer(
    own: &OwnApi,
    name: &str,
    query: &Form,
) -> Result<Response<Body>, Problem> {
    let log = find(&own.functions, own, name)?;
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

fn find(functions: &Functions, own: &OwnApi, name: &str) -> Result<Arc<FunctionLog>, Problem> {
    let unknown = || {
        let message = format!("there is no function {name:?} in {}", own.region);
        Problem::new(StatusCode::NOT_FOUND, "NotFound", message)
    };
    let arn = FunctionArn::resolve(name, None, &own.region, &own.account).map_err(|_| unknown())?;
    functions.log(&arn.unqualified()).ok_or_else(unknown)
}

/// Everything there is, then what comes, one JSON document a line, until the reader goes or the server stops.
fn follow(log: Arc<FunctionLog>, trace: Option<TraceId>, stop: Stop) -> Response<Body> {
    let (lines, followed) = mpsc::channel(1);
    tokio::spawn(send_lines(log, trace, lines, stop));
    let body = Followed(followed).boxed_unsync();
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn send_lines(
    log: Arc<FunctionLog>,
    trace: Option<TraceId>,
    lines: mpsc::Sender<Bytes>,
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
            serde_json::to_writer(&mut text, &Line::from(event))
                .expect("a line has text keys and memory takes it");
            text.push(b'\n');
        }
        if lines.send(text.into()).await.is_err() {
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

// === impl Followed ===

impl http_body::Body for Followed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = self.0.poll_recv(context);
        polled.map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}
