//! Documents for this crate's tests.

use std::sync::Arc;

use fluoro_model::{Document, TimestampMicros, TraceId};
use serde_json::{Value, json};

use crate::{Received, Trace};

pub(crate) const TRACE: &str = "1-67000001-0123456789abcdef01234567";

/// Tests count seconds from here.
pub(crate) const EPOCH: f64 = 1_728_000_000.0;

pub(crate) fn trace_id() -> TraceId {
    TRACE.parse().unwrap()
}

pub(crate) fn id(number: u64) -> String {
    format!("{number:016x}")
}

/// An entity from `start` to `end`, or in progress, with `more` members.
pub(crate) fn entity(
    number: u64,
    name: &str,
    start: f64,
    end: impl Into<Option<f64>>,
    more: Value,
) -> Value {
    let mut entity = json!({"name": name, "id": id(number), "start_time": EPOCH + start});
    let members = entity.as_object_mut().unwrap();
    match end.into() {
        Some(end) => members.insert("end_time".into(), json!(EPOCH + end)),
        None => members.insert("in_progress".into(), json!(true)),
    };
    members.extend(more.as_object().unwrap().clone());
    entity
}

/// `entity` as a document of its own; a subsegment where it has a `type`.
pub(crate) fn document(mut entity: Value) -> Value {
    entity["trace_id"] = json!(TRACE);
    entity
}

/// `entity` as a subsegment sent on its own.
pub(crate) fn alone(entity: Value, parent: u64) -> Value {
    let mut document = document(entity);
    document["type"] = json!("subsegment");
    document["parent_id"] = json!(id(parent));
    document
}

/// Deliveries a second apart, each of some documents.
pub(crate) fn deliveries(deliveries: &[&[Value]]) -> Vec<Received> {
    let mut received = Vec::new();
    for (second, documents) in (1_i64..).zip(deliveries) {
        received.extend(documents.iter().map(|document| Received {
            document: Arc::new(Document::parse(document.to_string().as_bytes()).unwrap()),
            at: at(second),
        }));
    }
    received
}

/// Deliveries a second apart, each of one document.
pub(crate) fn one_by_one(documents: &[&Value]) -> Vec<Received> {
    let single: Vec<_> = documents
        .iter()
        .map(|document| std::slice::from_ref(*document))
        .collect();
    deliveries(&single)
}

/// When the delivery of that number, from 1, comes in.
pub(crate) fn at(delivery: i64) -> TimestampMicros {
    TimestampMicros(delivery * 1_000_000)
}

/// The documents that the service gives out, parsed.
pub(crate) fn output(received: &[Received]) -> Vec<Value> {
    let segments = Trace::assemble(trace_id(), received).segments();
    segments
        .iter()
        .map(|segment| {
            let document: Value = serde_json::from_str(&segment.document).unwrap();
            assert_eq!(document["id"], json!(segment.id));
            document
        })
        .collect()
}
