//! The event of a Lambda proxy integration, payload format 1.0.
//!
//! Source: API Gateway developer guide, Lambda proxy integrations; events recorded from AWS.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::reserved;
use crate::context::Context;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    resource: &'a str,
    path: &'a str,
    http_method: &'a str,
    headers: Last<'a>,
    multi_value_headers: All<'a>,
    query_string_parameters: Option<Last<'a>>,
    multi_value_query_string_parameters: Option<All<'a>>,
    path_parameters: Option<Pairs<'a>>,
    stage_variables: Option<&'a BTreeMap<String, String>>,
    request_context: RequestContext<'a>,
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    resource_id: &'a str,
    resource_path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_name: Option<&'a str>,
    http_method: &'a str,
    extended_request_id: &'a str,
    request_time: String,
    path: String,
    account_id: &'a str,
    protocol: &'static str,
    stage: &'a str,
    domain_prefix: &'a str,
    request_time_epoch: i64,
    request_id: &'a str,
    identity: Identity<'a>,
    domain_name: &'a str,
    deployment_id: &'a str,
    api_id: &'a str,
}

/// Who calls: nobody known, for no authorization can be asked for.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    cognito_identity_pool_id: Option<&'a str>,
    account_id: Option<&'a str>,
    cognito_identity_id: Option<&'a str>,
    caller: Option<&'a str>,
    source_ip: String,
    principal_org_id: Option<&'a str>,
    access_key: Option<&'a str>,
    cognito_authentication_type: Option<&'a str>,
    cognito_authentication_provider: Option<&'a str>,
    user_arn: Option<&'a str>,
    user_agent: Option<&'a str>,
    user: Option<&'a str>,
}

/// Names with all their values, in the order of their first occurrence.
#[derive(Debug, Default)]
struct Grouped<'a>(Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)>);

/// A map of each name's last value.
#[derive(Debug)]
struct Last<'a>(&'a Grouped<'a>);

/// A map of each name's values.
#[derive(Debug)]
struct All<'a>(&'a Grouped<'a>);

#[derive(Debug)]
struct Pairs<'a>(&'a [(&'a str, &'a str)]);

/// Writes the event of a request whose trace header, as the function may see it, is `trace`.
pub(crate) fn write(context: &Context<'_>, trace: &str, body: &Bytes) -> Bytes {
    let head = context.head;
    let headers = headers(context, trace);
    let query = query(context);
    let has_query = !query.0.is_empty();
    let (body, is_base64_encoded) = body_text(context, body);
    let variables = &context.stage.variables;
    let event = Event {
        resource: &context.method.resource_path,
        path: head.path(),
        http_method: head.method.as_str(),
        headers: Last(&headers),
        multi_value_headers: All(&headers),
        query_string_parameters: has_query.then_some(Last(&query)),
        multi_value_query_string_parameters: has_query.then_some(All(&query)),
        path_parameters: (!context.parameters.is_empty()).then_some(Pairs(context.parameters)),
        stage_variables: (!variables.is_empty()).then_some(variables),
        request_context: RequestContext {
            resource_id: &context.method.resource_id,
            resource_path: &context.method.resource_path,
            operation_name: context.method.operation_name.as_deref(),
            http_method: head.method.as_str(),
            extended_request_id: &context.ids.extended,
            request_time: context.request_time(),
            path: head.path_with_stage(&context.stage.name),
            account_id: &context.stage.account.0,
            protocol: "HTTP/1.1",
            stage: &context.stage.name,
            domain_prefix: context.domain_prefix(),
            request_time_epoch: context.request_time_epoch_ms(),
            request_id: &context.ids.request,
            identity: Identity {
                source_ip: head.source_ip(),
                user_agent: head.user_agent(),
                ..Identity::default()
            },
            domain_name: context.domain_name(),
            deployment_id: &context.stage.deployment_id,
            api_id: &context.stage.api_id,
        },
        body,
        is_base64_encoded,
    };
    let mut bytes = Vec::with_capacity(2048);
    serde_json::to_writer(&mut bytes, &event)
        .expect("the event has text keys and no failing serializer");
    bytes.into()
}

fn headers<'a>(context: &'a Context<'_>, trace: &'a str) -> Grouped<'a> {
    let head = context.head;
    let mut headers = Grouped::default();
    for (name, value) in head.header_lines() {
        if !reserved::not_in_events(name) && !is_ours(name) {
            headers.add(usual_case(name), value);
        }
    }
    if let Some(host) = head.host() {
        headers.add("Host".into(), host.into());
    }
    headers.add("X-Amzn-Trace-Id".into(), trace.into());
    headers.add("X-Forwarded-For".into(), head.forwarded_for().into());
    headers.add("X-Forwarded-Port".into(), head.port().to_string().into());
    headers.add("X-Forwarded-Proto".into(), head.scheme.as_str().into());
    headers
}

/// Whether the gateway writes this header itself.
fn is_ours(name: &str) -> bool {
    const OURS: [&str; 5] = [
        "host",
        "x-amzn-trace-id",
        "x-forwarded-for",
        "x-forwarded-port",
        "x-forwarded-proto",
    ];
    OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name))
}

/// The two names that come in their usual case, whatever the client wrote. Source: recorded events.
fn usual_case(name: &str) -> Cow<'_, str> {
    if name.eq_ignore_ascii_case("authorization") {
        "Authorization".into()
    } else if name.eq_ignore_ascii_case("user-agent") {
        "User-Agent".into()
    } else {
        name.into()
    }
}

fn query<'a>(context: &'a Context<'_>) -> Grouped<'a> {
    let mut query = Grouped::default();
    for (name, value) in context.head.query_pairs() {
        match query.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => query.0.push((name, vec![value])),
        }
    }
    query
}

/// The body as text; in base64 when the API declares its type binary, or when it is no text.
fn body_text<'a>(context: &Context<'_>, body: &'a Bytes) -> (Option<Cow<'a, str>>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let text = if context.stage.binary.contains(context.head.content_type()) {
        None
    } else {
        std::str::from_utf8(body).ok()
    };
    match text {
        Some(text) => (Some(text.into()), false),
        None => (Some(BASE64.encode(body).into()), true),
    }
}

// === impl Grouped ===

impl<'a> Grouped<'a> {
    /// Adds a header; names are compared without case, the first spelling stays.
    fn add(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) {
        let known = self
            .0
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(&name));
        match known {
            Some((_, values)) => values.push(value),
            None => self.0.push((name, vec![value])),
        }
    }
}

impl Serialize for Last<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.0.len()))?;
        for (name, values) in &self.0.0 {
            map.serialize_entry(name, &values.last())?;
        }
        map.end()
    }
}

impl Serialize for All<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = self.0.0.iter().map(|(name, values)| (name, values));
        serializer.collect_map(pairs)
    }
}

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
