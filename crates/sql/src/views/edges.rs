//! `edges`: a row a call, as service graphs count them.

use datafusion::arrow::array::ArrayRef;
use fluoro_model::TimestampMicros;
use fluoro_trace::Projection;
use fluoro_trace::projection::{Call, HttpFacts, Node, NodeSource, Observation};

use super::build::{doubles, flags, texts, times, wholes};
use super::{Column, EdgeColumn};

/// A call of a trace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge<'p> {
    trace: &'p Projection,
    call: &'p Call,
}

// === impl Edge ===

impl<'p> Edge<'p> {
    /// The calls of a trace.
    pub(crate) fn all_of(trace: &'p Projection) -> impl Iterator<Item = Self> {
        let calls = trace.calls.iter();
        calls.map(move |call| Self { trace, call })
    }

    fn caller(&self) -> &'p Node {
        self.trace.node(self.call.from)
    }

    fn callee(&self) -> &'p Node {
        self.trace.node(self.call.to)
    }

    fn observation(&self) -> Option<&'p Observation> {
        self.trace.observations.get(self.call.callee as usize)
    }

    fn http(&self) -> Option<&'p HttpFacts> {
        self.call.http.as_ref()
    }
}

const fn column(
    name: &'static str,
    about: &'static str,
    fill: fn(&[Edge<'_>]) -> ArrayRef,
) -> EdgeColumn {
    Column { name, about, fill }
}

pub(crate) static COLUMNS: &[EdgeColumn] = &[
    column("trace_id", "the trace's id", |rows| {
        texts(rows.iter().map(|row| Some(row.trace.id.to_string())))
    }),
    column("trace_start", "the trace's `start_time`", |rows| {
        times(rows.iter().map(|row| trace_start(row.trace)))
    }),
    column("caller", "the calling service's name", |rows| {
        texts(rows.iter().map(|row| Some(&row.caller().name)))
    }),
    column(
        "caller_type",
        "its type; `client` for whoever called a root",
        |rows| texts(rows.iter().map(|row| row.caller().kind.as_deref())),
    ),
    column(
        "caller_account",
        "its account, where a document tells it",
        |rows| texts(rows.iter().map(|row| row.caller().account_id.as_deref())),
    ),
    column(
        "caller_id",
        "the calling segment's id; null for a client",
        |rows| {
            texts(rows.iter().map(|row| {
                let caller = row.call.caller?;
                let caller = row.trace.observations.get(caller as usize)?;
                Some(caller.id.to_string())
            }))
        },
    ),
    column("callee", "the called service's name", |rows| {
        texts(rows.iter().map(|row| Some(&row.callee().name)))
    }),
    column("callee_type", "its type", |rows| {
        texts(rows.iter().map(|row| row.callee().kind.as_deref()))
    }),
    column(
        "callee_account",
        "its account, where a document tells it",
        |rows| texts(rows.iter().map(|row| row.callee().account_id.as_deref())),
    ),
    column(
        "callee_id",
        "the called segment's id; of an inferred service the calling subsegment's",
        |rows| {
            texts(rows.iter().map(|row| {
                let callee = row.observation()?;
                Some(callee.id.to_string())
            }))
        },
    ),
    column(
        "inferred",
        "whether the called service is known from this call alone",
        |rows| {
            flags(rows.iter().map(|row| {
                let source = row.callee().source;
                matches!(source, NodeSource::InferredAws | NodeSource::InferredRemote)
            }))
        },
    ),
    column(
        "alias",
        "what the caller calls the service, where that reported itself",
        |rows| texts(rows.iter().map(|row| row.call.alias.as_deref())),
    ),
    column("start_time", "when the caller called", |rows| {
        times(rows.iter().map(|row| Some(row.call.start.micros())))
    }),
    column(
        "end_time",
        "when the caller had its answer; null while it waits",
        |rows| {
            let ends = rows.iter().map(|row| row.call.end);
            times(ends.map(|end| end.map(|end| end.micros())))
        },
    ),
    column(
        "duration",
        "seconds that the call took; 0 where the caller did not time it",
        |rows| doubles(rows.iter().map(|row| row.call.response_time)),
    ),
    column("fault", "whether the call failed for the caller", |rows| {
        flags(rows.iter().map(|row| row.call.outcome.fault))
    }),
    column(
        "error",
        "whether the caller made a mistake, as it sees it",
        |rows| flags(rows.iter().map(|row| row.call.outcome.error)),
    ),
    column("throttle", "whether the caller sent too much", |rows| {
        flags(rows.iter().map(|row| row.call.outcome.throttle))
    }),
    column(
        "http_method",
        "of the request, as the caller tells it",
        |rows| texts(rows.iter().map(|row| row.http()?.method.as_deref())),
    ),
    column(
        "http_url",
        "of the request, as the caller tells it",
        |rows| texts(rows.iter().map(|row| row.http()?.url.as_deref())),
    ),
    column(
        "http_status",
        "of the answer, as the caller tells it",
        |rows| wholes(rows.iter().map(|row| row.http()?.status)),
    ),
    column("received", "when both sides were known", |rows| {
        times(rows.iter().map(|row| Some(row.call.received)))
    }),
];

fn trace_start(trace: &Projection) -> Option<TimestampMicros> {
    trace.start.map(|start| start.micros())
}
