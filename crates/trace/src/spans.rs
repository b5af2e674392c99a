//! A trace's entities as OpenTelemetry spans: one JSON document each, ids in W3C's spelling.
//!
//! The form is that of the records in `aws/spans` (CloudWatch user guide, Transaction Search), attribute names are
//! OpenTelemetry's semantic conventions and, for what only X-Ray has, those of the OpenTelemetry Collector's X-Ray receiver.
//! What has no name in either keeps its X-Ray name behind `aws.`.

use fluoro_model::document::{AnnotationValue, Cause, Entity, Exception, Flags, Object};
use fluoro_model::{EpochSeconds, SegmentId};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::assemble::{Entry, Place, Trace};

/// One span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSpan {
    /// The entity's id.
    pub id: SegmentId,
    /// The document: JSON text.
    pub document: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Span<'a> {
    resource: Attributed,
    scope: Scope,
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    name: &'a str,
    kind: &'static str,
    start_time_unix_nano: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time_unix_nano: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_nano: Option<i64>,
    attributes: Map<String, Value>,
    status: Status,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<Event>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
}

#[derive(Serialize)]
struct Attributed {
    attributes: Map<String, Value>,
}

#[derive(Serialize)]
struct Scope {
    name: &'static str,
}

#[derive(Serialize)]
struct Status {
    code: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    name: &'static str,
    time_unix_nano: i64,
    attributes: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    trace_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    span_id: Option<String>,
    attributes: Object,
}

/// Attributes, without those that are not there.
#[derive(Default)]
struct Attributes(Map<String, Value>);

impl Trace<'_> {
    /// The trace's segments and shown subsegments as spans: each segment by start, its subsegments after it.
    #[must_use]
    pub fn spans(&self) -> Vec<OutputSpan> {
        let shown = self.segments.iter().flat_map(|&segment| {
            let family = self.family(segment);
            family.map(move |index| (segment, index))
        });
        shown
            .map(|(segment, index)| self.span(&self.entries[segment], index))
            .collect()
    }

    fn span(&self, segment: &Entry<'_>, index: usize) -> OutputSpan {
        let entry = &self.entries[index];
        let entity = entry.entity;
        let span = Span {
            resource: Attributed {
                attributes: resource(segment),
            },
            scope: Scope {
                name: "aws.xray.segment",
            },
            trace_id: self.id.to_w3c(),
            span_id: entity.id.to_string(),
            parent_span_id: entry.place.parent_id().map(|id| id.to_string()),
            name: &entity.name,
            kind: kind(entry),
            start_time_unix_nano: nanos(entity.start),
            end_time_unix_nano: entity.end.map(nanos),
            duration_nano: entity
                .end
                .map(|end| nanos(end).saturating_sub(nanos(entity.start))),
            attributes: attributes(entry),
            status: Status {
                code: status(entity.flags),
            },
            events: events(entity),
            links: links(entity),
        };
        let document = serde_json::to_string(&span);
        OutputSpan {
            id: entity.id,
            document: document.expect("spans have text keys and no failing serializer"),
        }
    }
}

fn kind(entry: &Entry<'_>) -> &'static str {
    match (&entry.place, entry.entity.namespace.as_deref()) {
        (Place::Segment(_), _) => "SERVER",
        (Place::Subsegment(_), Some("aws" | "remote")) => "CLIENT",
        (Place::Subsegment(_), _) => "INTERNAL",
    }
}

fn status(flags: Flags) -> &'static str {
    let failed = [flags.fault, flags.error, flags.throttle];
    if failed.contains(&Some(true)) {
        "ERROR"
    } else {
        "UNSET"
    }
}

fn nanos(time: EpochSeconds) -> i64 {
    time.micros().0.saturating_mul(1_000)
}

/// What is said of the service that the segment tells of.
fn resource(segment: &Entry<'_>) -> Map<String, Value> {
    let mut attributes = Attributes::default();
    attributes.text("service.name", Some(&segment.entity.name));
    if let Place::Segment(fields) = segment.place {
        let origin = fields.origin.as_deref();
        attributes.text("aws.xray.origin", origin);
        attributes.text("cloud.platform", origin.and_then(platform));
        attributes.text("cloud.resource_id", fields.resource_arn.as_deref());
        let service = fields.service.as_ref();
        let version = service.and_then(|service| service.get("version"));
        attributes.text("service.version", version.and_then(Value::as_str));
    }
    if let Some(aws) = &segment.entity.aws {
        attributes.text("cloud.account.id", aws.text("account_id"));
        attributes.text("cloud.region", aws.text("region"));
        attributes.text("host.id", aws.text_in("ec2", "instance_id"));
        let zone = aws.text_in("ec2", "availability_zone");
        attributes.text("cloud.availability_zone", zone);
    }
    attributes.0
}

/// OpenTelemetry semantic conventions, cloud attributes.
fn platform(origin: &str) -> Option<&'static str> {
    Some(match origin {
        "AWS::EC2::Instance" => "aws_ec2",
        "AWS::ECS::Container" | "AWS::ECS::Fargate" | "AWS::ECS::EC2" => "aws_ecs",
        "AWS::EKS::Container" => "aws_eks",
        "AWS::Lambda" | "AWS::Lambda::Function" => "aws_lambda",
        "AWS::ElasticBeanstalk::Environment" => "aws_elastic_beanstalk",
        "AWS::AppRunner::Service" => "aws_app_runner",
        _ => return None,
    })
}

fn attributes(entry: &Entry<'_>) -> Map<String, Value> {
    let entity = entry.entity;
    let mut attributes = Attributes::default();
    if let Some(request) = entity.http.as_ref().and_then(|http| http.request.as_ref()) {
        attributes.text("http.request.method", request.method.as_deref());
        attributes.text("url.full", request.url.as_deref());
        attributes.text("user_agent.original", request.user_agent.as_deref());
        attributes.text("client.address", request.client_ip.as_deref());
        attributes.add("aws.xray.x_forwarded_for", request.x_forwarded_for);
    }
    if let Some(response) = entity.http.as_ref().and_then(|http| http.response.as_ref()) {
        attributes.add("http.response.status_code", response.status);
        attributes.add("http.response.body.size", response.content_length);
    }
    if let Place::Segment(fields) = entry.place {
        attributes.text("enduser.id", fields.user.as_deref());
    }
    attributes.text("aws.xray.namespace", entity.namespace.as_deref());
    attributes.add("aws.xray.inprogress", entity.is_open().then_some(true));
    for (name, flag) in [
        ("aws.xray.fault", entity.flags.fault),
        ("aws.xray.error", entity.flags.error),
        ("aws.xray.throttle", entity.flags.throttle),
    ] {
        attributes.add(name, flag);
    }
    for (member, value) in entity.aws.iter().flat_map(|aws| aws.0.iter()) {
        let name = format!("aws.{member}");
        match value {
            Value::Null => {}
            Value::Object(_) | Value::Array(_) => attributes.add(&name, Some(value.to_string())),
            plain => attributes.add(&name, Some(plain.clone())),
        }
    }
    if let Some(sql) = &entity.sql {
        attributes.text("db.query.text", sql.sanitized_query.as_deref());
        attributes.text("db.system", sql.database_type.as_deref());
        attributes.text("db.user", sql.user.as_deref());
        let connection = sql.url.as_deref().or(sql.connection_string.as_deref());
        attributes.text("db.connection_string", connection);
    }
    let mut keys = Vec::with_capacity(entity.annotations.len());
    for (key, value) in &entity.annotations {
        let value = match value {
            AnnotationValue::Text(text) => Value::from(&**text),
            AnnotationValue::Number(number) => Value::from(*number),
            AnnotationValue::Boolean(boolean) => Value::from(*boolean),
        };
        attributes.add(key, Some(value));
        keys.push(Value::from(&**key));
    }
    attributes.add("aws.xray.annotations", (!keys.is_empty()).then_some(keys));
    let metadata = entity.metadata.as_ref();
    let metadata = metadata.and_then(|text| serde_json::from_str::<Map<_, Value>>(text.get()).ok());
    for (name, value) in metadata.into_iter().flatten() {
        attributes.add(
            &format!("aws.xray.metadata.{name}"),
            Some(value.to_string()),
        );
    }
    attributes.0
}

fn events(entity: &Entity) -> Vec<Event> {
    let Some(Cause::Recorded(recorded)) = entity.cause.as_deref() else {
        return Vec::new();
    };
    let at = entity.end.unwrap_or(entity.start);
    let exceptions = recorded.exceptions.iter();
    exceptions
        .map(|exception| {
            let mut attributes = Attributes::default();
            attributes.text("exception.type", exception.kind.as_deref());
            attributes.text("exception.message", exception.message.as_deref());
            let stack = (!exception.stack.is_empty()).then(|| stack_trace(exception));
            attributes.text("exception.stacktrace", stack.as_deref());
            Event {
                name: "exception",
                time_unix_nano: nanos(at),
                attributes: attributes.0,
            }
        })
        .collect()
}

fn stack_trace(exception: &Exception) -> String {
    let frames = exception.stack.iter().map(|frame| {
        let label = frame.label.as_deref().unwrap_or("?");
        let path = frame.path.as_deref().unwrap_or("?");
        match frame.line {
            Some(line) => format!("\tat {label} ({path}:{line})"),
            None => format!("\tat {label} ({path})"),
        }
    });
    frames.collect::<Vec<_>>().join("\n")
}

fn links(entity: &Entity) -> Vec<Link> {
    let links = entity.links.iter();
    links
        .map(|link| Link {
            trace_id: link.trace_id.to_w3c(),
            span_id: link.id.map(|id| id.to_string()),
            attributes: link.attributes.clone(),
        })
        .collect()
}

impl Attributes {
    fn add(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        self.add(name, value);
    }
}

#[cfg(test)]
mod tests;
