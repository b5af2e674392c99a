//! `spans`, a row a segment or subsegment, and `segments`, a row a segment.

use std::sync::LazyLock;

use datafusion::arrow::array::ArrayRef;
use fluoro_model::document::{Aws, Cause, Exception, HttpRequest, HttpResponse, Sql};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::{OutputSegment, Placed};

use super::build::{doubles, flags, maps, texts, times, wholes};
use super::{Column, SpanColumn};

/// A segment or subsegment of a trace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'t> {
    pub(crate) trace: TraceId,
    pub(crate) trace_start: Option<TimestampMicros>,
    pub(crate) placed: Placed<'t>,
    /// As the service gives it out, where that is asked for.
    pub(crate) output: Option<&'t OutputSegment>,
}

/// Those of which more than facts must be read.
pub(crate) const WHOLE: [&str; 2] = ["metadata", DOCUMENT];

/// The one for which documents are written.
pub(crate) const DOCUMENT: &str = "document";

// === impl Span ===

impl<'t> Span<'t> {
    fn request(&self) -> Option<&'t HttpRequest> {
        self.placed.entity.http.as_ref()?.request.as_ref()
    }

    fn response(&self) -> Option<&'t HttpResponse> {
        self.placed.entity.http.as_ref()?.response.as_ref()
    }

    fn aws(&self) -> Option<&'t Aws> {
        self.placed.entity.aws.as_deref()
    }

    fn sql(&self) -> Option<&'t Sql> {
        self.placed.entity.sql.as_deref()
    }

    fn exception(&self) -> Option<&'t Exception> {
        match self.placed.entity.cause.as_deref()? {
            Cause::Recorded(recorded) => recorded.exceptions.first(),
            _ => None,
        }
    }
}

const fn column(
    name: &'static str,
    about: &'static str,
    fill: fn(&[Span<'_>]) -> ArrayRef,
) -> SpanColumn {
    Column { name, about, fill }
}

const TRACE: [SpanColumn; 2] = [
    column("trace_id", "the trace's id", |rows| {
        texts(rows.iter().map(|row| Some(row.trace.to_string())))
    }),
    column("trace_start", "the trace's `start_time`", |rows| {
        times(rows.iter().map(|row| row.trace_start))
    }),
];

const PLACE: [SpanColumn; 6] = [
    column(
        "segment_id",
        "the segment that it is, or is a part of",
        |rows| {
            let segments = rows.iter().map(|row| row.placed.segment.id);
            texts(segments.map(|id| Some(id.to_string())))
        },
    ),
    column("service", "that segment's name", |rows| {
        texts(rows.iter().map(|row| Some(&row.placed.segment.name)))
    }),
    column(
        "is_segment",
        "whether it is a segment, and no subsegment",
        |rows| flags(rows.iter().map(|row| row.placed.fields.is_some())),
    ),
    column(
        "kind",
        "`server` for a segment, `client` for a subsegment that calls another service, `internal` for others",
        |rows| {
            texts(rows.iter().map(|row| {
                let namespace = row.placed.entity.namespace.as_deref();
                Some(match (row.placed.fields, namespace) {
                    (Some(_), _) => "server",
                    (None, Some("aws" | "remote")) => "client",
                    (None, _) => "internal",
                })
            }))
        },
    ),
    column(
        "namespace",
        "`aws` or `remote` for a call to another service",
        |rows| {
            let entities = rows.iter().map(|row| row.placed.entity);
            texts(entities.map(|entity| entity.namespace.as_deref()))
        },
    ),
    column(
        "depth",
        "how many of its ancestors are known, across segments",
        |rows| wholes(rows.iter().map(|row| Some(i64::from(row.placed.depth)))),
    ),
];

const ENTITY: [SpanColumn; 19] = [
    column("id", "its id", |rows| {
        let ids = rows.iter().map(|row| row.placed.entity.id);
        texts(ids.map(|id| Some(id.to_string())))
    }),
    column("parent_id", "its parent's id, if it names one", |rows| {
        let parents = rows.iter().map(|row| row.placed.parent_id);
        texts(parents.map(|id| id.map(|id| id.to_string())))
    }),
    column("name", "its name", |rows| {
        texts(rows.iter().map(|row| Some(&row.placed.entity.name)))
    }),
    column("start_time", "when it began", |rows| {
        let starts = rows.iter().map(|row| row.placed.entity.start);
        times(starts.map(|start| Some(start.micros())))
    }),
    column(
        "end_time",
        "when it ended; null while in progress",
        |rows| {
            let ends = rows.iter().map(|row| row.placed.entity.end);
            times(ends.map(|end| end.map(|end| end.micros())))
        },
    ),
    column(
        "duration",
        "seconds from start to end; null while in progress",
        |rows| doubles(rows.iter().map(|row| row.placed.entity.duration())),
    ),
    column("in_progress", "whether its end has not come", |rows| {
        flags(rows.iter().map(|row| row.placed.entity.is_open()))
    }),
    column(
        "fault",
        "whether it failed: its flag, or a status 5xx",
        |rows| flags(rows.iter().map(|row| row.placed.outcome.fault)),
    ),
    column(
        "error",
        "whether its client made a mistake: its flag, or a status 4xx but 429",
        |rows| flags(rows.iter().map(|row| row.placed.outcome.error)),
    ),
    column(
        "throttle",
        "whether its client sent too much: its flag, or status 429",
        |rows| flags(rows.iter().map(|row| row.placed.outcome.throttle)),
    ),
    column(
        "http_method",
        "of the request that it served or made",
        |rows| texts(rows.iter().map(|row| row.request()?.method.as_deref())),
    ),
    column("http_url", "of the request", |rows| {
        texts(rows.iter().map(|row| row.request()?.url.as_deref()))
    }),
    column("http_status", "of the answer", |rows| {
        wholes(rows.iter().map(|row| row.response()?.status))
    }),
    column("http_user_agent", "of the request", |rows| {
        texts(rows.iter().map(|row| row.request()?.user_agent.as_deref()))
    }),
    column("http_client_ip", "of the request", |rows| {
        texts(rows.iter().map(|row| row.request()?.client_ip.as_deref()))
    }),
    column("exception_type", "of its first exception", |rows| {
        texts(rows.iter().map(|row| row.exception()?.kind.as_deref()))
    }),
    column("exception_message", "of its first exception", |rows| {
        texts(rows.iter().map(|row| row.exception()?.message.as_deref()))
    }),
    column(
        "annotations",
        "its own, not its subsegments': key and value as text",
        |rows| {
            maps(rows.iter().map(|row| {
                let annotations = row.placed.entity.annotations.iter();
                annotations.map(|(key, value)| (&**key, value))
            }))
        },
    ),
    column("metadata", "its own, as JSON text", |rows| {
        let metadata = rows.iter().map(|row| &row.placed.entity.metadata);
        texts(metadata.map(|metadata| Some(metadata.as_ref()?.get())))
    }),
];

const AWS: [SpanColumn; 4] = [
    column("account_id", "`aws.account_id`", |rows| {
        texts(rows.iter().map(|row| row.aws()?.text("account_id")))
    }),
    column("region", "`aws.region`", |rows| {
        texts(rows.iter().map(|row| row.aws()?.text("region")))
    }),
    column("operation", "`aws.operation` of a call", |rows| {
        texts(rows.iter().map(|row| row.aws()?.text("operation")))
    }),
    column("aws", "all of `aws`, as JSON text", |rows| {
        texts(rows.iter().map(|row| {
            let aws = row.aws()?;
            serde_json::to_string(&aws.0).ok()
        }))
    }),
];

const SQL: [SpanColumn; 3] = [
    column("sql_query", "`sql.sanitized_query` of a call", |rows| {
        texts(rows.iter().map(|row| row.sql()?.sanitized_query.as_deref()))
    }),
    column("sql_url", "`sql.url` of a call", |rows| {
        texts(rows.iter().map(|row| row.sql()?.url.as_deref()))
    }),
    column("sql_type", "`sql.database_type` of a call", |rows| {
        texts(rows.iter().map(|row| row.sql()?.database_type.as_deref()))
    }),
];

const SEGMENT: [SpanColumn; 3] = [
    column(
        "origin",
        "the kind of AWS resource that ran the service",
        |rows| {
            let segments = rows.iter().map(|row| row.placed.segment_fields);
            texts(segments.map(|segment| segment.origin.as_deref()))
        },
    ),
    column("resource_arn", "that resource's ARN", |rows| {
        let segments = rows.iter().map(|row| row.placed.segment_fields);
        texts(segments.map(|segment| segment.resource_arn.as_deref()))
    }),
    column("user", "the user who sent the request", |rows| {
        let segments = rows.iter().map(|row| row.placed.segment_fields);
        texts(segments.map(|segment| segment.user.as_deref()))
    }),
];

const RECEIVED: SpanColumn = column(
    "received",
    "when its completion came in; while in progress, when it was first heard of",
    |rows| times(rows.iter().map(|row| Some(row.placed.received))),
);

const OUTPUT: SpanColumn = column(
    DOCUMENT,
    "all of it with its subsegments, as BatchGetTraces gives it: JSON text",
    |rows| texts(rows.iter().map(|row| Some(row.output?.document.as_str()))),
);

pub(crate) static SEGMENT_COLUMNS: LazyLock<Vec<SpanColumn>> = LazyLock::new(|| {
    [
        &TRACE[..],
        &ENTITY,
        &SEGMENT,
        &AWS[..2],
        &[RECEIVED, OUTPUT],
    ]
    .concat()
});

pub(crate) static SPAN_COLUMNS: LazyLock<Vec<SpanColumn>> = LazyLock::new(|| {
    [
        &TRACE[..],
        &PLACE,
        &ENTITY,
        &SEGMENT,
        &AWS,
        &SQL,
        &[RECEIVED],
    ]
    .concat()
});
