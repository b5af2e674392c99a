//! One request, from its head to its answer.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use fluoro_ambient::Ambient;
use fluoro_model::TimestampMicros;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE as BASE64URL;

use crate::context::{Context, RequestIds};
use crate::gateway_response::{ERROR_TYPE, ErrorAnswer};
use crate::head::Head;
use crate::integration::{Answer, AnswerTrace, Failure, Plan};
use crate::passing::{Passing, Seen};
use crate::request::{BodyError, RequestBody, StageRequest, StoodStill};
use crate::response::{ResponseBody, StageResponse};
use crate::room::{Room, Taken};
use crate::routes::Found;
use crate::served::{ServedMethod, ServedStage};
use crate::trace::{self, Recording, TRACE_HEADER, Tracing};
use crate::{Gateway, PAYLOAD_LIMIT};

/// The most that all header lines of a request may have, in bytes. Source: API Gateway developer guide, limits.
const HEADER_LIMIT: usize = 10_240;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXTENDED_ID: HeaderName = HeaderName::from_static("x-amz-apigw-id");
const SAMPLING: HeaderName = HeaderName::from_static("x-fluoro-sampling");
/// Says what AWS's bare answer to an unknown stage leaves open.
const HINT: HeaderName = HeaderName::from_static("x-fluoro-hint");

impl Gateway {
    /// Answers one request to a stage. Never fails: what goes wrong is an answer too.
    ///
    /// Dropping the future gives up on the client, not on a function that has been called.
    pub async fn handle(&self, request: StageRequest) -> StageResponse {
        let shared = &*self.shared;
        let received = TimestampMicros(shared.parts.ambient.now_micros());
        let ids = RequestIds::new(&shared.parts.ambient);
        let stage = shared
            .view
            .load()
            .stage(&request.api_id, &request.stage)
            .map(Arc::clone);
        let Some(stage) = stage else {
            let hint = format!("API {} has no stage {}", request.api_id, request.stage);
            return not_served(&ids, &hint);
        };
        if stage.endpoint_disabled {
            return not_served(&ids, "the API's execute-api endpoint is disabled");
        }
        let (head, body) = Head::split(request);
        let seen = Seen::new(&stage, &head);
        let tracing = trace::decide(&shared.parts, &stage, &head, &seen, received);
        if tracing.was_sampled_away() {
            shared.parts.traces.unsampled(&stage.source);
        }
        let mut recording = (tracing.recorded || tracing.afterwards).then(|| {
            let (ambient, sink) = (&shared.parts.ambient, &shared.parts.traces);
            Recording::begin(ambient, sink, &stage, &tracing, &head, &ids, received)
        });
        let request = Request {
            stage: &stage,
            head: &head,
            ids: &ids,
            received,
            tracing: &tracing,
        };
        let found = stage.routes.find(&head.method, &head.path);
        let mut passing = Passing {
            parts: &shared.parts,
            stage: &stage,
            seen: &seen,
            tracing: &tracing,
            ids: &ids,
            received,
            method: found.as_ref().map(|found| found.method),
            answered: None,
        };
        let answer = self.answer(&request, found, &mut recording, body).await;
        let mut response = match answer {
            Ok(answer) => answered(answer, &ids, &tracing),
            Err(failure) => failed(failure, &request, &mut recording),
        };
        if shared.parts.settings.sampling_header {
            set(response.headers_mut(), SAMPLING, tracing.explanation());
        }
        let status = response.status().as_u16();
        let kept = passing.answers(status);
        if let Some(recording) = &mut recording {
            recording.answers(status, kept);
        }
        response.map(|body| body.recorded_by(recording))
    }

    async fn answer(
        &self,
        request: &Request<'_>,
        found: Option<Found<'_, '_, ServedMethod>>,
        recording: &mut Option<Box<Recording>>,
        body: RequestBody,
    ) -> Result<Answer, Failure> {
        let Request { stage, head, .. } = *request;
        if header_bytes(&head.headers) > HEADER_LIMIT {
            return Err(Failure::new(
                ErrorAnswer::head_too_large(),
                "headers too large",
            ));
        }
        if body.size_hint().lower() > PAYLOAD_LIMIT as u64 {
            return Err(too_large());
        }
        let found = found.ok_or_else(|| {
            let reason = format!("no method for {} {}", head.method, head.path());
            Failure::new(ErrorAnswer::missing_authentication_token(), reason)
        })?;
        let context = Context {
            stage,
            method: found.method,
            parameters: &found.parameters,
            head,
            ids: request.ids,
            received: request.received,
        };
        let shared = &*self.shared;
        match &found.method.plan {
            Plan::Function(plan) => {
                let (body, _taken) = collect(&shared.parts.room, body).await?;
                let invoker = &shared.parts.invoker;
                plan.call(invoker, &context, request.tracing, recording, body)
                    .await
            }
            Plan::HttpProxy(plan) => {
                let node = shared.parts.settings.http_integration_node;
                let client = &shared.http;
                plan.call(client, node, &context, request.tracing, recording, body)
                    .await
            }
            Plan::Mock(plan) => {
                if !plan.reads_body(&context) {
                    return plan.call(&context, &Bytes::new());
                }
                let (body, _taken) = collect(&shared.parts.room, body).await?;
                plan.call(&context, &body)
            }
            Plan::Broken(reason) => Err(Failure::configuration(reason)),
        }
    }
}

/// A request to a stage that is there.
#[derive(Debug, Clone, Copy)]
struct Request<'a> {
    stage: &'a ServedStage,
    head: &'a Head,
    ids: &'a RequestIds,
    received: TimestampMicros,
    tracing: &'a Tracing,
}

fn header_bytes(headers: &HeaderMap) -> usize {
    let lines = headers.iter();
    lines
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}

/// Reads a body whole, within the room that all bodies share.
async fn collect(room: &Room, mut body: RequestBody) -> Result<(Bytes, Taken), Failure> {
    let mut taken = room.take(0).ok_or_else(no_room)?;
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| broken_off(&error))?.into_data() else {
            continue; // trailers
        };
        let length = read.len() + data.len();
        if length > PAYLOAD_LIMIT {
            return Err(too_large());
        }
        if !taken.grow_to(length) {
            return Err(no_room());
        }
        if read.is_empty() && body.is_end_stream() {
            return Ok((data, taken));
        }
        read.extend_from_slice(&data);
    }
    Ok((read.freeze(), taken))
}

fn no_room() -> Failure {
    Failure::new(ErrorAnswer::unavailable(), "too many large bodies at once")
}

fn too_large() -> Failure {
    Failure::new(ErrorAnswer::request_too_large(), "body larger than 10 MB")
}

fn broken_off(error: &BodyError) -> Failure {
    let reason = format!("the client's body broke off: {error}");
    let answer = if error.is::<StoodStill>() {
        ErrorAnswer::request_timeout()
    } else {
        ErrorAnswer::bad_request_body()
    };
    Failure::new(answer, reason)
}

/// The answer of an integration, with the headers of the gateway before its own.
fn answered(answer: Answer, ids: &RequestIds, tracing: &Tracing) -> StageResponse {
    let mut own = answer.headers;
    let content_type = own
        .remove(header::CONTENT_TYPE)
        .unwrap_or(HeaderValue::from_static("application/json"));
    let mut headers = HeaderMap::with_capacity(own.len() + 6);
    headers.insert(header::CONTENT_TYPE, content_type);
    set(&mut headers, REQUEST_ID, &ids.request);
    set(&mut headers, EXTENDED_ID, &ids.extended);
    if let AnswerTrace::Function { lineage } = answer.trace {
        set(
            &mut headers,
            TRACE_HEADER,
            tracing.to_caller(lineage).to_string(),
        );
    }
    if headers.contains_key(TRACE_HEADER) {
        own.remove(TRACE_HEADER);
    }
    // HeaderMap's own `extend` would put an answer's second value in place of its first.
    let mut last: Option<HeaderName> = None;
    for (name, value) in own {
        let Some(name) = name.or_else(|| last.clone()) else {
            continue;
        };
        last = Some(name.clone());
        headers.append(name, value);
    }
    let mut response = respond(answer.status, headers, answer.body);
    if !answer.spelling.0.is_empty() {
        response.extensions_mut().insert(answer.spelling);
    }
    response
}

/// An answer of the gateway's own: no trace header. Source: recorded refusals.
fn failed(
    failure: Failure,
    request: &Request<'_>,
    recording: &mut Option<Box<Recording>>,
) -> StageResponse {
    let Failure { answer, reason } = failure;
    tracing::info!(
        stage = request.stage.service_name,
        request_id = request.ids.request,
        status = answer.status.as_u16(),
        reason,
        "request failed"
    );
    if let Some(recording) = recording {
        recording.because(reason);
    }
    error_response(&answer, request.ids)
}

/// No such stage: nobody's segment, and AWS's bare answer.
fn not_served(ids: &RequestIds, hint: &str) -> StageResponse {
    let mut response = error_response(&ErrorAnswer::forbidden(), ids);
    set(response.headers_mut(), HINT, hint);
    response
}

fn error_response(answer: &ErrorAnswer, ids: &RequestIds) -> StageResponse {
    let mut headers = HeaderMap::with_capacity(5);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    set(&mut headers, REQUEST_ID, &ids.request);
    headers.insert(ERROR_TYPE, HeaderValue::from_static(answer.error_type));
    set(&mut headers, EXTENDED_ID, &ids.extended);
    respond(answer.status, headers, ResponseBody::whole(answer.body()))
}

fn respond(status: StatusCode, headers: HeaderMap, body: ResponseBody) -> StageResponse {
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Sets a header; a value that no header can have is left away.
fn set(headers: &mut HeaderMap, name: HeaderName, value: impl AsRef<str>) {
    if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
        headers.insert(name, value);
    }
}

// === impl RequestIds ===

impl RequestIds {
    fn new(ambient: &Ambient) -> Self {
        Self {
            request: ambient.uuid(),
            // Eleven bytes are fifteen characters and one of padding.
            extended: BASE64URL.encode(ambient.bytes::<11>()),
        }
    }
}
