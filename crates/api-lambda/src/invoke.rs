//! Invoke and InvokeAsync.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fluoro_functions::{Invocation, Invoker, LogTail, Outcome};
use fluoro_model::TraceHeader;
use fluoro_wire::json_error::empty_response;
use fluoro_wire::route::Labels;
use fluoro_wire::{Call, Constraints, JsonError, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::de::IgnoredAny;

use crate::{Answer, Lambda, error};

const INVOCATION_TYPE: &str = "x-amz-invocation-type";
const LOG_TYPE: &str = "x-amz-log-type";
const CLIENT_CONTEXT: &str = "x-amz-client-context";
const TRACE_ID: &str = "x-amzn-trace-id";
/// In base64. Source: API reference, Invoke.
const CLIENT_CONTEXT_LIMIT: usize = 3583;

impl Lambda {
    pub(crate) async fn invoke(&self, labels: &Labels, call: &Call) -> Answer {
        let arn = self.allowed(call, labels.get("FunctionName"), "InvokeFunction")?;
        for name in ["x-amz-tenant-id", "x-amz-durable-execution-name"] {
            if call.head.headers.contains_key(name) {
                return Err(error::unsupported(&format!("the header {name}")));
            }
        }
        let kind = header(call, INVOCATION_TYPE).unwrap_or("RequestResponse");
        let log_type = header(call, LOG_TYPE).unwrap_or("None");
        let mut constraints = Constraints::new();
        constraints.one_of(
            "invocationType",
            kind,
            &["RequestResponse", "Event", "DryRun"],
        );
        constraints.one_of("logType", log_type, &["None", "Tail"]);
        constraints.finish()?;
        let invocation = Invocation {
            function_arn: arn.to_string(),
            payload: payload(&call.body)?,
            trace: header(call, TRACE_ID)
                .map(TraceHeader::parse)
                .unwrap_or_default(),
            client_context: client_context(call)?,
            log_tail: if log_type == "Tail" {
                LogTail::Tail
            } else {
                LogTail::None
            },
        };
        match kind {
            "DryRun" => {
                let there = self.functions.get(&arn).filter(|_| arn.is_latest());
                if there.is_none() {
                    let qualifier = arn.qualifier.as_deref().unwrap_or("$LATEST");
                    return Err(error::function_not_found(&format!(
                        "{}:{qualifier}",
                        arn.unqualified()
                    )));
                }
                Ok(empty_response(StatusCode::NO_CONTENT, &call.request_id))
            }
            "Event" => self.accept(invocation).await,
            _ => {
                let outcome = self.functions.invoke(invocation).await;
                Ok(answer(&outcome.map_err(|error| {
                    error::invoke(error, "RequestResponse")
                })?))
            }
        }
    }

    pub(crate) async fn invoke_async(&self, labels: &Labels, call: &Call) -> Answer {
        let arn = self.allowed(call, labels.get("FunctionName"), "InvokeFunction")?;
        let invocation = Invocation {
            function_arn: arn.to_string(),
            payload: payload(&call.body)?,
            trace: header(call, TRACE_ID)
                .map(TraceHeader::parse)
                .unwrap_or_default(),
            client_context: None,
            log_tail: LogTail::None,
        };
        self.accept(invocation).await
    }

    async fn accept(&self, invocation: Invocation) -> Answer {
        let accepted = self.functions.invoke_async(invocation).await;
        let accepted = accepted.map_err(|error| error::invoke(error, "Event"))?;
        let mut response = empty_response(StatusCode::ACCEPTED, &accepted.request_id);
        set(&mut response, "x-amzn-remapped-content-length", "0");
        set(&mut response, TRACE_ID, &small_letters(&accepted.trace));
        Ok(response)
    }
}

fn answer(outcome: &Outcome) -> Response {
    let mut response = empty_response(StatusCode::OK, &outcome.request_id);
    *response.body_mut() = outcome.payload.clone();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    set(
        &mut response,
        "x-amz-executed-version",
        &outcome.executed_version,
    );
    set(&mut response, "x-amzn-remapped-content-length", "0");
    set(&mut response, TRACE_ID, &outcome.trace.to_string());
    if outcome.error.is_some() {
        set(&mut response, "x-amz-function-error", "Unhandled");
    }
    if let Some(tail) = &outcome.log_tail {
        set(&mut response, "x-amz-log-result", &STANDARD.encode(tail));
    }
    response
}

/// An empty payload is an empty event; anything else must be JSON.
fn payload(body: &Bytes) -> Result<Bytes, JsonError> {
    if body.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<IgnoredAny>(body) {
        Ok(_) => Ok(body.clone()),
        Err(problem) => Err(content(format!(
            "Could not parse request body into json: Could not parse payload into json: {problem}"
        ))),
    }
}

fn client_context(call: &Call) -> Result<Option<Bytes>, JsonError> {
    let Some(encoded) = header(call, CLIENT_CONTEXT) else {
        return Ok(None);
    };
    let decoded = STANDARD
        .decode(encoded)
        .ok()
        .filter(|json| serde_json::from_slice::<IgnoredAny>(json).is_ok());
    match decoded {
        Some(json) if encoded.len() <= CLIENT_CONTEXT_LIMIT => Ok(Some(json.into())),
        Some(_) => Err(content(format!(
            "Client context must be at most {CLIENT_CONTEXT_LIMIT} bytes long"
        ))),
        None => Err(content(
            "Client context must be a valid Base64-encoded JSON object.",
        )),
    }
}

fn content(message: impl Into<String>) -> JsonError {
    error::user(
        StatusCode::BAD_REQUEST,
        "InvalidRequestContentException",
        message,
    )
}

fn header<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.head
        .headers
        .get(name)
        .and_then(|value| value.to_str().ok())
}

fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}

/// `root=…;parent=…;sampled=0`: an accepted event's header has small letters, as recorded.
fn small_letters(trace: &TraceHeader) -> String {
    let text = trace.to_string();
    let pairs = text.split(';').map(|pair| match pair.split_once('=') {
        Some((key, value)) => format!("{}={value}", key.to_ascii_lowercase()),
        None => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join(";")
}
