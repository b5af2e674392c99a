//! Who is at the other end of a call, as far as the caller can tell.

use std::borrow::Cow;

use fluoro_model::document::Entity;

use crate::projection::NodeSource;

/// A callee that may be silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Callee<'a> {
    /// The node's name: that of the resource where the call names one that we know.
    pub(crate) name: &'a str,
    /// The node's type.
    pub(crate) kind: Cow<'a, str>,
    pub(crate) source: NodeSource,
    /// What `aws.resource_names` says.
    pub(crate) resource: Option<&'a str>,
    /// Messages wait there.
    pub(crate) is_queue: bool,
}

/// A service whose calls name a resource.
struct Known {
    /// The call's name, which SDKs spell with different capitals.
    service: &'static str,
    generic: &'static str,
    member: &'static str,
    kind: &'static str,
}

/// Source: recorded inferred documents and graphs.
const KNOWN: [Known; 5] = [
    Known {
        service: "DynamoDB",
        generic: "AWS::DynamoDB",
        member: "table_name",
        kind: "AWS::DynamoDB::Table",
    },
    Known {
        service: "S3",
        generic: "AWS::S3",
        member: "bucket_name",
        kind: "AWS::S3::Bucket",
    },
    Known {
        service: "SQS",
        generic: "AWS::SQS",
        member: "queue_url",
        kind: "AWS::SQS::Queue",
    },
    Known {
        service: "SNS",
        generic: "AWS::SNS",
        member: "topic_arn",
        kind: "AWS::SNS",
    },
    Known {
        service: "Lambda",
        generic: "AWS::Lambda",
        member: "function_name",
        kind: "AWS::Lambda",
    },
];

impl<'a> Callee<'a> {
    /// The callee of a subsegment; `None` for local work.
    pub(crate) fn of(call: &'a Entity) -> Option<Self> {
        match call.namespace.as_deref() {
            Some("aws") => Some(Self::aws(call)),
            Some("remote") => Some(Self {
                name: &call.name,
                kind: Cow::Borrowed(match call.sql {
                    Some(_) => "Database::SQL",
                    None => "remote",
                }),
                source: NodeSource::InferredRemote,
                resource: None,
                is_queue: false,
            }),
            _ => None,
        }
    }

    /// A resource is named only by a call that also tells its operation (recorded).
    fn aws(call: &'a Entity) -> Self {
        let known = KNOWN
            .iter()
            .find(|known| known.service.eq_ignore_ascii_case(&call.name));
        let named = known.and_then(|known| {
            let aws = call.aws.as_ref()?;
            aws.text("operation")?;
            Some((known, aws.text(known.member)?))
        });
        if let Some((known, resource)) = named {
            return Self {
                name: resource,
                kind: Cow::Borrowed(known.kind),
                source: NodeSource::InferredAws,
                resource: Some(resource),
                is_queue: known.service == "SQS",
            };
        }
        let kind = match known {
            Some(known) => Cow::Borrowed(known.generic),
            None if call.name.contains(char::is_whitespace) => Cow::Borrowed("AWS::Unknown"),
            None => Cow::Owned(format!("AWS::{}", call.name)),
        };
        Self {
            name: &call.name,
            kind,
            source: NodeSource::InferredAws,
            resource: None,
            is_queue: false,
        }
    }
}
