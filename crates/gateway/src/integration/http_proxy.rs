//! HTTP_PROXY: a web server sees the request and makes the whole answer. Bodies are streamed both ways.
//!
//! Source: API Gateway developer guide, HTTP proxy integrations; recorded requests and header remapping.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Answer, AnswerTrace, Failure, reserved};
use crate::PAYLOAD_LIMIT;
use crate::context::Context;
use crate::gateway_response::ErrorAnswer;
use crate::head::FORWARDED_FOR;
use crate::http_client::{CallError, HttpClient};
use crate::mapping::{Destination, Source};
use crate::records::Integration;
use crate::request::RequestBody;
use crate::response::{HeaderSpelling, ResponseBody};
use crate::served::segment_name;
use crate::settings::IntegrationNode;
use crate::trace::{Backend, Flags, Recording, TRACE_HEADER, Tracing};
use crate::uri;

/// A web server to call, with what is the same for every request.
#[derive(Debug)]
pub(crate) struct HttpPlan {
    /// The URI up to its query.
    uri: Vec<UriPart>,
    /// The URI's own query.
    query: Option<String>,
    /// `None` calls with the client's own verb.
    method: Option<Method>,
    queries: Vec<(String, Source)>,
    headers: Vec<(HeaderName, Source)>,
}

#[derive(Debug)]
enum UriPart {
    Text(String),
    Mapped(Source),
}

/// What a mapped value may not have in a path. Slashes may: a greedy part has them.
const PATH_VALUE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// What a mapped value may not have in a query.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const API_ID: HeaderName = HeaderName::from_static("x-amzn-apigateway-api-id");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

// === impl HttpPlan ===

impl HttpPlan {
    /// Prepares the integration, or says why every request will fail.
    pub(crate) fn prepare(
        integration: &Integration,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let uri = integration.uri.as_deref().unwrap_or_default();
        let uri = uri::with_stage_variables(uri, variables);
        uri::check_http(&uri).map_err(|error| error.to_string())?;
        let mut paths = Vec::new();
        let mut queries = Vec::new();
        let mut headers = Vec::new();
        for (destination, source) in &integration.request_parameters {
            let source = Source::request(source).map_err(|error| error.to_string())?;
            match Destination::parse(destination).map_err(|error| error.to_string())? {
                Destination::Path(name) => paths.push((name, source)),
                Destination::Query(name) => queries.push((name, source)),
                Destination::Header(name) => headers.push((mapped_header(&name)?, source)),
            }
        }
        let (path, query) = match uri.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (uri.as_str(), None),
        };
        let method = integration.http_method.as_deref().unwrap_or("ANY");
        let method = match method {
            "ANY" => None,
            verb => Some(verb.parse().map_err(|_| format!("{verb} is no method"))?),
        };
        Ok(Self {
            uri: uri_parts(path, &paths),
            query,
            method,
            queries,
            headers,
        })
    }

    /// Calls the backend and hands on its answer as it comes.
    pub(crate) async fn call(
        &self,
        client: &HttpClient,
        node: IntegrationNode,
        context: &Context<'_>,
        tracing: &Tracing,
        recording: &mut Option<Box<Recording>>,
        body: RequestBody,
    ) -> Result<Answer, Failure> {
        let uri = self.uri(context)?;
        let method = self.method.as_ref().unwrap_or(&context.head.method);
        if let Some(recording) = recording {
            recording.calls(Backend::Http {
                node: node_name(&uri, node),
                url: uri.to_string(),
                method: method.clone(),
            });
        }
        let mut request = Request::new(Limited::new(body, PAYLOAD_LIMIT).boxed_unsync());
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers(context, tracing);

        let deadline = tokio::time::Instant::now() + context.method.timeout;
        let answer = match tokio::time::timeout_at(deadline, client.call(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                call_failed(recording);
                return Err(unreachable(&error));
            }
            Err(_elapsed) => {
                call_failed(recording);
                let reason = "Execution failed due to a timeout error";
                return Err(Failure::new(ErrorAnswer::integration_timeout(), reason));
            }
        };
        let (head, body) = answer.into_parts();
        let length = body.size_hint().exact().unwrap_or_default();
        let status = head.status.as_u16();
        if let Some(recording) = recording {
            recording.called(status, length, Flags::of(status));
        }
        if length > PAYLOAD_LIMIT as u64 {
            return Err(Failure::configuration(
                "Integration response of the backend is larger than 10 MB",
            ));
        }
        Ok(Answer {
            status: head.status,
            headers: reserved::rename_in_answer(head.headers),
            // A backend's own spelling is lost to our client.
            spelling: HeaderSpelling::default(),
            body: ResponseBody::streamed(body, deadline),
            trace: AnswerTrace::None,
        })
    }

    fn uri(&self, context: &Context<'_>) -> Result<Uri, Failure> {
        let mut uri = String::with_capacity(128);
        for part in &self.uri {
            match part {
                UriPart::Text(text) => uri.push_str(text),
                // A path's value comes with the client's own escapes.
                UriPart::Mapped(source @ Source::Path(_)) => {
                    uri.push_str(&source.value(context).unwrap_or_default());
                }
                UriPart::Mapped(source) => {
                    let value = source.value(context).unwrap_or_default();
                    uri.extend(utf8_percent_encode(&value, PATH_VALUE));
                }
            }
        }
        let mut separator = '?';
        let mut add = |uri: &mut String, query: &str| {
            if !query.is_empty() {
                uri.push(separator);
                uri.push_str(query);
                separator = '&';
            }
        };
        for query in [self.query.as_deref(), context.head.query()] {
            add(&mut uri, query.unwrap_or_default());
        }
        for (name, source) in &self.queries {
            if let Some(value) = source.value(context) {
                let name = utf8_percent_encode(name, QUERY_VALUE);
                let value = utf8_percent_encode(&value, QUERY_VALUE);
                add(&mut uri, &format!("{name}={value}"));
            }
        }
        uri.parse()
            .map_err(|_| Failure::configuration("Invalid endpoint address"))
    }

    fn headers(&self, context: &Context<'_>, tracing: &Tracing) -> HeaderMap {
        let head = context.head;
        let mut headers = HeaderMap::with_capacity(head.headers.len() + 8);
        let of_connection = head.header(header::CONNECTION).unwrap_or_default();
        for (name, value) in &head.headers {
            let named = of_connection
                .split(',')
                .any(|token| token.trim().eq_ignore_ascii_case(name.as_str()));
            if !named && !reserved::not_forwarded(name) {
                headers.append(name.clone(), value.clone());
            }
        }
        let mut set = |name: HeaderName, value: Cow<'_, str>| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        };
        if head.user_agent().is_none() {
            let ours = format!("AmazonAPIGateway_{}", context.stage.api_id);
            set(header::USER_AGENT, ours.into());
        }
        set(API_ID, (&*context.stage.api_id).into());
        set(FORWARDED_FOR, head.forwarded_for().into());
        set(FORWARDED_PORT, head.port().to_string().into());
        set(FORWARDED_PROTO, head.scheme.as_str().into());
        set(TRACE_HEADER, tracing.to_integration().to_string().into());
        for (name, source) in &self.headers {
            if let Some(value) = source.value(context) {
                set(name.clone(), value);
            }
        }
        headers
    }
}

/// Splits a URI at the `{name}`s that a mapping gives a value; any other brace stays as it is.
fn uri_parts(uri: &str, paths: &[(String, Source)]) -> Vec<UriPart> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = uri;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let mapped = after.split_once('}').and_then(|(name, after)| {
            let found = paths.iter().find(|(known, _)| known == name)?;
            Some((found.1.clone(), after))
        });
        match mapped {
            Some((source, after)) => {
                parts.push(UriPart::Text(std::mem::take(&mut text)));
                parts.push(UriPart::Mapped(source));
                rest = after;
            }
            None => {
                text.push('{');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    parts.push(UriPart::Text(text));
    parts
}

/// A header that a mapping may set. Source: recorded refusals at call time.
fn mapped_header(name: &str) -> Result<HeaderName, String> {
    let name: HeaderName = name
        .parse()
        .map_err(|_| format!("{name:?} is no header name"))?;
    let reserved = [
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        TRACE_HEADER,
    ];
    if reserved.contains(&name) {
        return Err(format!("header already present: {name}"));
    }
    Ok(name)
}

/// The name of the backend's node in the service graph.
fn node_name(uri: &Uri, node: IntegrationNode) -> String {
    let host = uri.authority().map_or("", |authority| authority.as_str());
    match node {
        IntegrationNode::Url => segment_name(&format!("{host}{}", uri.path())),
        IntegrationNode::Host => segment_name(host),
    }
}

fn call_failed(recording: &mut Option<Box<Recording>>) {
    if let Some(recording) = recording {
        recording.call_failed();
    }
}

/// The backend did not answer: the client's body was too large, or the backend is to blame.
fn unreachable(error: &CallError) -> Failure {
    let mut causes =
        std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| {
            error.source()
        });
    let reason: Vec<String> = causes.clone().map(ToString::to_string).collect();
    let reason = format!(
        "Execution failed due to configuration error: {}",
        reason.join(": ")
    );
    if causes.any(<dyn std::error::Error>::is::<LengthLimitError>) {
        Failure::new(ErrorAnswer::request_too_large(), reason)
    } else {
        Failure::new(ErrorAnswer::integration_failure(), reason)
    }
}
