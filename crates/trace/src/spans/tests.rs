use serde_json::{Value, json};

use crate::Trace;
use crate::fixture::{alone, document, entity, id, one_by_one, trace_id};

fn spans(documents: &[&Value]) -> Vec<Value> {
    let received = one_by_one(documents);
    let spans = Trace::assemble(trace_id(), &received).spans();
    let parsed = spans.iter().map(|span| {
        let document: Value = serde_json::from_str(&span.document).unwrap();
        assert_eq!(document["spanId"], json!(span.id));
        document
    });
    parsed.collect()
}

#[test]
fn every_entity_is_a_span_with_its_own_parent() {
    let inner = entity(3, "local", 0.6, 0.7, json!({}));
    let call = json!({"namespace": "remote", "subsegments": [inner]});
    let call = entity(2, "cart", 0.5, 1.0, call);
    let shop = document(entity(1, "shop", 0.25, 2.0, json!({"subsegments": [call]})));
    let late = alone(entity(4, "late", 0.8, None, json!({})), 2);
    let cart = document(entity(5, "cart", 0.6, 0.9, json!({"parent_id": id(2)})));
    let spans = spans(&[&shop, &late, &cart]);
    let told: Vec<_> = spans
        .iter()
        .map(|span| (&span["name"], &span["kind"], &span["parentSpanId"]))
        .collect();
    let (server, client, internal) = (json!("SERVER"), json!("CLIENT"), json!("INTERNAL"));
    let (one, two) = (json!(id(1)), json!(id(2)));
    let names: Vec<Value> = ["shop", "cart", "local", "late"].map(Value::from).to_vec();
    assert_eq!(
        told,
        [
            (&names[0], &server, &Value::Null),
            (&names[1], &client, &one),
            (&names[2], &internal, &two),
            (&names[3], &internal, &two),
            (&names[1], &server, &two),
        ]
    );
    assert_eq!(spans[0]["traceId"], "670000010123456789abcdef01234567");
    assert_eq!(spans[0]["startTimeUnixNano"], 1_728_000_000_250_000_000_i64);
    assert_eq!(spans[0]["endTimeUnixNano"], 1_728_000_002_000_000_000_i64);
    assert_eq!(spans[0]["durationNano"], 1_750_000_000);
    assert_eq!(spans[0]["status"]["code"], "UNSET");
    assert_eq!(spans[3].get("endTimeUnixNano"), None);
    assert_eq!(spans[3]["attributes"]["aws.xray.inprogress"], true);
    assert_eq!(spans[3]["resource"]["attributes"]["service.name"], "shop");
    assert_eq!(spans[4]["resource"]["attributes"]["service.name"], "cart");
}

#[test]
fn what_a_document_says_is_found_in_its_span() {
    let shop = json!({
        "origin": "AWS::EC2::Instance", "resource_arn": "arn:x", "user": "ada", "fault": true,
        "service": {"version": "1.2"},
        "http": {"request": {"method": "GET", "url": "http://shop/", "client_ip": "::1"}, "response": {"status": 500}},
        "aws": {"region": "eu-west-1", "account_id": "111122223333", "ec2": {"instance_id": "i-1"}, "retries": 2},
        "annotations": {"plan": "gold", "rank": 3, "vip": true}, "metadata": {"default": {"a": [1]}},
        "sql": {"url": "pg://db", "sanitized_query": "select ?"},
        "cause": {"exceptions": [{
            "id": "8888888888888888", "type": "Boom", "message": "no", "stack": [{"label": "f", "path": "a.js", "line": 3}]
        }]},
        "links": [{
            "trace_id": "1-67000002-0123456789abcdef01234567", "id": id(9),
            "attributes": {"aws.xray.reserved.reference_type": "parent"}
        }]
    });
    let span = &spans(&[&document(entity(1, "shop", 0.0, 2.0, shop))])[0];
    assert_eq!(
        span["resource"]["attributes"],
        json!({
            "service.name": "shop", "aws.xray.origin": "AWS::EC2::Instance", "cloud.platform": "aws_ec2",
            "cloud.resource_id": "arn:x", "service.version": "1.2", "cloud.account.id": "111122223333",
            "cloud.region": "eu-west-1", "host.id": "i-1"
        })
    );
    let attributes = &span["attributes"];
    for (name, value) in [
        ("http.request.method", json!("GET")),
        ("url.full", json!("http://shop/")),
        ("client.address", json!("::1")),
        ("http.response.status_code", json!(500)),
        ("enduser.id", json!("ada")),
        ("aws.xray.fault", json!(true)),
        ("aws.retries", json!(2)),
        ("plan", json!("gold")),
        ("rank", json!(3.0)),
        ("vip", json!(true)),
        ("aws.xray.annotations", json!(["plan", "rank", "vip"])),
        ("aws.xray.metadata.default", json!(r#"{"a":[1]}"#)),
        ("db.query.text", json!("select ?")),
        ("db.connection_string", json!("pg://db")),
    ] {
        assert_eq!(attributes[name], value, "{name}");
    }
    assert_eq!(span["status"]["code"], "ERROR");
    assert_eq!(
        span["events"][0],
        json!({
            "name": "exception", "timeUnixNano": 1_728_000_002_000_000_000_i64,
            "attributes": {
                "exception.type": "Boom", "exception.message": "no", "exception.stacktrace": "\tat f (a.js:3)"
            }
        })
    );
    assert_eq!(
        span["links"],
        json!([{
            "traceId": "670000020123456789abcdef01234567", "spanId": id(9),
            "attributes": {"aws.xray.reserved.reference_type": "parent"}
        }])
    );
}

#[test]
fn metadata_that_is_taken_is_found_however_deep() {
    let deep = "[".repeat(126) + &"]".repeat(126);
    let metadata: Value = serde_json::from_str(&format!("{{\"m\":{deep}}}")).unwrap();
    let shop = document(entity(1, "shop", 0.25, 2.0, json!({"metadata": metadata})));
    let spans = spans(&[&shop]);
    assert_eq!(spans[0]["attributes"]["aws.xray.metadata.m"], deep);
}

#[test]
fn times_that_no_clock_shows_are_the_ends_of_time() {
    let shop = document(entity(1, "shop", -1e300, 1e300, json!({})));
    let spans = spans(&[&shop]);
    assert_eq!(spans[0]["startTimeUnixNano"], i64::MIN);
    assert_eq!(spans[0]["endTimeUnixNano"], i64::MAX);
    assert_eq!(spans[0]["durationNano"], i64::MAX);
}
