//! `traces`: a row a trace, with what searches ask for.

use std::collections::HashSet;

use datafusion::arrow::array::ArrayRef;
use fluoro_block::traces::TraceRow;

use super::build::{flags, lists, maps_of_lists, seconds, texts, times, wholes};
use super::{Column, TraceColumn};

const fn column(
    name: &'static str,
    about: &'static str,
    fill: fn(&[TraceRow]) -> ArrayRef,
) -> TraceColumn {
    Column { name, about, fill }
}

pub(crate) static COLUMNS: &[TraceColumn] = &[
    column("trace_id", "the trace's id, as X-Ray writes it", |rows| {
        texts(rows.iter().map(|row| Some(row.trace.to_string())))
    }),
    column(
        "start_time",
        "the earliest start of a segment; null without segments",
        |rows| times(rows.iter().map(|row| row.start)),
    ),
    column(
        "end_time",
        "the latest end of a segment or call; null while nothing has ended",
        |rows| times(rows.iter().map(|row| row.end)),
    ),
    column(
        "duration",
        "seconds from the first start to the last end; null while the root is in progress",
        |rows| seconds(rows.iter().map(|row| row.duration)),
    ),
    column(
        "response_time",
        "seconds that the root took; null while it is in progress",
        |rows| seconds(rows.iter().map(|row| row.response_time)),
    ),
    column(
        "longest",
        "seconds of the segment or call that took longest",
        |rows| seconds(rows.iter().map(|row| row.longest)),
    ),
    column("name", "the root's name", |rows| {
        texts(rows.iter().map(|row| row.name.as_deref()))
    }),
    column("http_method", "of the root's request", |rows| {
        texts(rows.iter().map(|row| row.http_method.as_deref()))
    }),
    column("http_url", "of the root's request", |rows| {
        texts(rows.iter().map(|row| row.http_url.as_deref()))
    }),
    column("http_status", "of the root's response", |rows| {
        wholes(rows.iter().map(|row| row.http_status))
    }),
    column("http_user_agent", "of the root's request", |rows| {
        texts(rows.iter().map(|row| row.http_user_agent.as_deref()))
    }),
    column("http_client_ip", "of the root's request", |rows| {
        texts(rows.iter().map(|row| row.http_client_ip.as_deref()))
    }),
    column(
        "fault",
        "whether the root failed: its flag, or a status 5xx",
        |rows| flags(rows.iter().map(|row| row.outcome.fault)),
    ),
    column(
        "error",
        "whether the root's client made a mistake: its flag, or a status 4xx but 429",
        |rows| flags(rows.iter().map(|row| row.outcome.error)),
    ),
    column(
        "throttle",
        "whether the root's client sent too much: its flag, or status 429",
        |rows| flags(rows.iter().map(|row| row.outcome.throttle)),
    ),
    column(
        "some_fault",
        "whether some segment or call ended with a fault",
        |rows| flags(rows.iter().map(|row| row.some.fault)),
    ),
    column(
        "some_error",
        "whether some segment or call ended with an error",
        |rows| flags(rows.iter().map(|row| row.some.error)),
    ),
    column(
        "some_throttle",
        "whether some segment or call was throttled",
        |rows| flags(rows.iter().map(|row| row.some.throttle)),
    ),
    column(
        "complete",
        "whether nothing is known to be missing",
        |rows| flags(rows.iter().map(|row| row.complete)),
    ),
    column("partial", "whether a parent is missing", |rows| {
        flags(rows.iter().map(|row| row.partial))
    }),
    column(
        "inferred",
        "whether some service is known from its callers alone",
        |rows| flags(rows.iter().map(|row| row.inferred)),
    ),
    column(
        "services",
        "the names of its services, inferred ones among them, each once",
        |rows| lists(rows.iter().map(service_names)),
    ),
    column("users", "the users of all segments, each once", |rows| {
        lists(rows.iter().map(|row| row.users.iter()))
    }),
    column(
        "annotations",
        "of all segments: of each key all its values as text, each once",
        |rows| {
            maps_of_lists(rows.iter().map(|row| {
                let annotations = row.annotations.iter();
                annotations.map(|(key, value)| (&**key, value))
            }))
        },
    ),
    column("documents", "how many documents came in of it", |rows| {
        wholes(rows.iter().map(|row| Some(i64::from(row.documents))))
    }),
    column("bytes", "how long they are together, as JSON", |rows| {
        let bytes = rows.iter().map(|row| i64::try_from(row.bytes));
        wholes(bytes.map(Result::ok))
    }),
    column(
        "revision",
        "how often documents that changed something came in",
        |rows| wholes(rows.iter().map(|row| Some(i64::from(row.revision)))),
    ),
    column(
        "first_received",
        "when its first document came in",
        |rows| times(rows.iter().map(|row| Some(row.first_received))),
    ),
    column(
        "last_received",
        "when the last document came in that changed something",
        |rows| times(rows.iter().map(|row| Some(row.last_received))),
    ),
];

/// Clients are no services.
fn service_names(row: &TraceRow) -> impl Iterator<Item = &str> {
    let services = row.services.iter();
    let services = services.filter(|service| service.kind.as_deref() != Some("client"));
    let mut seen = HashSet::new();
    services
        .map(|service| &*service.name)
        .filter(move |name| seen.insert(*name))
}
