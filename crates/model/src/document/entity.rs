//! What a segment or subsegment holds once it has been checked.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::cause::Cause;
use super::object::Object;
use crate::{EpochSeconds, SegmentId, TraceId};

/// A segment's or subsegment's common part, with the subsegments embedded in it.
///
/// Absent, null and of the wrong type are all `None`: the service drops such a field and keeps the document. Text
/// is kept at any length but for [`name`](Self::name). Source: X-Ray developer guide, segment documents; recorded.
#[derive(Debug, Clone)]
pub struct Entity {
    /// Unique within the trace.
    pub id: SegmentId,
    /// Never empty, at most [`NAME_LIMIT`] characters.
    pub name: Box<str>,
    /// When the work began.
    pub start: EpochSeconds,
    /// When it ended, perhaps before it began; `None` while in progress.
    pub end: Option<EpochSeconds>,
    /// How it ended, in the sender's words.
    pub flags: Flags,
    /// The HTTP request that it served or made.
    pub http: Option<Box<Http>>,
    /// The AWS resource it ran on or called.
    pub aws: Option<Box<Aws>>,
    /// Values to search by, in the order sent. A repeated key keeps its last value.
    pub annotations: Vec<(Box<str>, AnnotationValue)>,
    /// A JSON object, byte for byte as sent; always `None` when only facts were read.
    pub metadata: Option<Box<RawValue>>,
    /// Subsegments: `aws` and `remote` are calls to other services, anything else is local work.
    pub namespace: Option<Box<str>>,
    /// Subsegments: the query to a database.
    pub sql: Option<Box<Sql>>,
    /// Why it failed.
    pub cause: Option<Box<Cause>>,
    /// Subsegments: siblings that finished before this one began.
    pub precursor_ids: Vec<Box<str>>,
    /// Other traces that this work belongs to.
    pub links: Vec<Link>,
    /// Embedded subsegments, in the order sent.
    pub subsegments: Vec<Entity>,
}

/// Longer names are cut to this many characters (recorded).
pub const NAME_LIMIT: usize = 200;

/// The flags that a sender sets; an explicit `false` is kept apart from absence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// The server failed.
    pub fault: Option<bool>,
    /// The client made a mistake.
    pub error: Option<bool>,
    /// The client sent too much.
    pub throttle: Option<bool>,
}

/// The `http` block.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Http {
    /// What was asked.
    pub request: Option<HttpRequest>,
    /// What was answered.
    pub response: Option<HttpResponse>,
}

/// `http.request`. Its `traced` member is not kept: the service drops it and infers the callee anyway (recorded).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HttpRequest {
    /// `GET`, …
    pub method: Option<Box<str>>,
    /// The whole URL.
    pub url: Option<Box<str>>,
    /// The caller's program.
    pub user_agent: Option<Box<str>>,
    /// The caller's address; some clients send a list, or an address with a port.
    pub client_ip: Option<Box<str>>,
    /// Whether the address came from `X-Forwarded-For`.
    pub x_forwarded_for: Option<bool>,
}

/// `http.response`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HttpResponse {
    /// The status code.
    pub status: Option<i64>,
    /// Bytes of the body; −1 when unknown.
    pub content_length: Option<i64>,
}

/// The `aws` block: some known members and whatever else an SDK recorded of a call, in the order sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Aws(pub Object);

/// The `sql` block.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sql {
    /// How the database was reached, when not by a URL.
    pub connection_string: Option<Box<str>>,
    /// The database's URL.
    pub url: Option<Box<str>>,
    /// The query without its values.
    pub sanitized_query: Option<Box<str>>,
    /// The engine's name.
    pub database_type: Option<Box<str>>,
    /// The engine's version.
    pub database_version: Option<Box<str>>,
    /// The driver's name and version.
    pub driver_version: Option<Box<str>>,
    /// The database user.
    pub user: Option<Box<str>>,
    /// `call` or `statement`.
    pub preparation: Option<Box<str>>,
}

/// One link to a segment of another trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The other trace.
    pub trace_id: TraceId,
    /// The segment there.
    pub id: Option<SegmentId>,
    /// What kind of link: `aws.xray.reserved.reference_type` is `parent` or `child`.
    pub attributes: Object,
}

/// An annotation's value. Types are never coerced into each other; numbers are doubles (recorded: `3` comes back `3.0`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AnnotationValue {
    /// Text of any length.
    Text(Box<str>),
    /// A finite number.
    Number(f64),
    /// True or false.
    Boolean(bool),
}

/// What only segments have.
#[derive(Debug, Clone, Default)]
pub struct SegmentFields {
    /// The caller's subsegment or segment; `None` on a root.
    pub parent_id: Option<SegmentId>,
    /// The service's version and runtime.
    pub service: Option<Object>,
    /// The user who sent the request.
    pub user: Option<Box<str>>,
    /// The kind of AWS resource that ran the service.
    pub origin: Option<Box<str>>,
    /// Its ARN.
    pub resource_arn: Option<Box<str>>,
    /// Set by clients that send what the service itself would infer.
    pub inferred: bool,
}

// === impl Entity ===

impl Entity {
    /// Whether the end has not come yet.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Seconds from start to end; negative when the sender's clock was; `None` while in progress.
    #[must_use]
    pub fn duration(&self) -> Option<f64> {
        self.end.map(|end| end.since(self.start))
    }

    /// The status of the HTTP answer.
    #[must_use]
    pub fn status(&self) -> Option<i64> {
        self.http.as_ref()?.response.as_ref()?.status
    }
}

// === impl Aws ===

impl Aws {
    /// The text at `member`; `None` when it is absent, empty or no text.
    #[must_use]
    pub fn text(&self, member: &str) -> Option<&str> {
        filled(self.0.get(member)?)
    }

    /// The text at `member` of the object at `outer`, such as `ec2`, `instance_id`.
    #[must_use]
    pub fn text_in(&self, outer: &str, member: &str) -> Option<&str> {
        filled(self.0.get(outer)?.get(member)?)
    }
}

fn filled(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}
