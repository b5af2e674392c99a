//! Traces for this crate's tests, made of documents as clients send them.

use std::sync::Arc;

use fluoro_model::{Document, TimestampMicros};
use fluoro_trace::{Projection, Received, Trace};
use serde_json::{Value, json};

/// Tests count seconds from here.
pub const EPOCH: f64 = 1_728_000_000.0;

/// An entity from `start` to `end`, or in progress, with `more` members.
pub fn entity(
    number: u64,
    name: &str,
    start: f64,
    end: impl Into<Option<f64>>,
    more: Value,
) -> Value {
    let mut entity =
        json!({"name": name, "id": format!("{number:016x}"), "start_time": EPOCH + start});
    let members = entity.as_object_mut().expect("an object");
    match end.into() {
        Some(end) => members.insert("end_time".into(), json!(EPOCH + end)),
        None => members.insert("in_progress".into(), json!(true)),
    };
    members.extend(more.as_object().expect("an object").clone());
    entity
}

/// The projection of a trace of these entities as documents, received together.
pub fn projection(entities: &[Value]) -> Projection {
    let received: Vec<Received> = entities
        .iter()
        .map(|entity| {
            let mut document = entity.clone();
            document["trace_id"] = json!("1-67000001-0123456789abcdef01234567");
            Received {
                document: Arc::new(
                    Document::parse(document.to_string().as_bytes()).expect("a document"),
                ),
                at: TimestampMicros(1_728_000_100_000_000),
            }
        })
        .collect();
    Trace::assemble(received[0].document.trace_id, &received).projection()
}

/// The trace of the worked examples: `shop` answers well in 1.2 s, although a table throttled it once and a host failed.
pub fn handled() -> Projection {
    let table = |status, more: Value| {
        let mut call = json!({"namespace": "aws", "http": {"response": {"status": status}},
            "aws": {"operation": "GetItem", "table_name": "carts"}});
        call.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        call
    };
    projection(&[entity(
        1,
        "shop",
        0.0,
        1.2,
        json!({
            "origin": "AWS::ECS::Container",
            "http": {
                "request": {"method": "GET", "url": "http://shop.test/v2/cart", "user_agent": "probe/1"},
                "response": {"status": 200}
            },
            "subsegments": [
                entity(2, "DynamoDB", 0.1, 0.2, table(429, json!({"error": true, "throttle": true}))),
                entity(3, "DynamoDB", 0.3, 0.4, table(200, json!({}))),
                entity(4, "pay.test", 0.5, 0.9, json!({"namespace": "remote", "fault": true,
                    "http": {"request": {"method": "POST", "url": "https://pay.test/charge"}, "response": {"status": 500}}})),
            ]
        }),
    )])
}

/// A trace that failed, with all that a trace can have: `shop` was refused by its silent host `pay.test`, which took
/// most of its 4 s, failed to validate as well, and `books`, a function, worked on for 6 s.
pub fn failed() -> Projection {
    projection(&[
        entity(
            1,
            "shop",
            0.0,
            4.0,
            json!({
                "origin": "AWS::ECS::Container",
                "user": "alice",
                "fault": true,
                "error": true,
                "aws": {
                    "account_id": "111122223333",
                    "ec2": {"instance_id": "i-0abc", "availability_zone": "eu-west-1a"}
                },
                "annotations": {
                    "tenant": "acme", "age": 30, "premium": true, "trial": false, "env": "prod",
                    "aws.local.service": "shop"
                },
                "http": {
                    "request": {
                        "method": "GET", "url": "http://shop.test/v2/pay", "user_agent": "Gecko Chrome/120",
                        "client_ip": "203.0.113.9"
                    },
                    "response": {"status": 500}
                },
                "subsegments": [
                    entity(2, "validate", 0.0, 0.1, json!({"error": true, "cause": {"exceptions": [
                        {"id": "00000000000000e1", "type": "BadCart", "message": "no items"}]}})),
                    entity(3, "pay.test", 0.5, 3.8, json!({"namespace": "remote", "fault": true,
                        "http": {"response": {"status": 503}}, "cause": {"exceptions": [
                            {"id": "00000000000000e2", "type": "Remote", "message": "gone"},
                            {"id": "00000000000000e3", "type": "Denied", "message": "access denied"}]}})),
                    entity(4, "books", 3.8, 3.9, json!({"namespace": "remote", "annotations": {"queue": "later"}})),
                ]
            }),
        ),
        entity(
            5,
            "books",
            3.85,
            6.0,
            json!({
                "parent_id": "0000000000000004", "origin": "AWS::Lambda::Function", "user": "bob",
                "resource_arn": "arn:aws:lambda:eu-west-1:111122223333:function:books",
                "annotations": {"backend": true, "age": 7, "tenant": "beta"}
            }),
        ),
    ])
}
