use serde_json::{Value, json};

use crate::Trace;
use crate::fixture::{TRACE, document, entity, id, one_by_one, output, trace_id};

/// What is given out for one finished segment with this subsegment, and the segment inferred from it.
fn inferred_of(call: Value) -> (Value, Option<Value>) {
    let shop = document(entity(1, "shop", 0.0, 2.0, json!({"subsegments": [call]})));
    let shown = output(&one_by_one(&[&shop]));
    (shown[0]["subsegments"][0].clone(), shown.get(1).cloned())
}

fn aws_call(name: &str, aws: Value) -> Value {
    entity(2, name, 0.5, 1.0, json!({"namespace": "aws", "aws": aws}))
}

#[test]
fn members_stand_in_the_services_order() {
    let call = entity(
        2,
        "call",
        0.5,
        1.0,
        json!({
            "cause": {"exceptions": [{"type": "Boom", "stack": [], "remote": true, "message": "no", "id": "8888888888888888"}]},
            "namespace": "remote", "metadata": {"a": {}}, "annotations": {"k": 1}, "fault": true, "error": false,
            "aws": {"operation": "x"}, "http": {"response": {"status": 503}}, "sql": {"url": "u"},
        }),
    );
    let shop = json!({
        "subsegments": [call], "resource_arn": "arn", "origin": "AWS::EC2::Instance", "user": "ada", "cause": "8888888888888888",
        "service": {"version": "1"}, "metadata": {"b": {"list": [1, {"a": null}]}}, "annotations": {"plan": "gold", "vip": true},
        "aws": {"ec2": {}, "none": null}, "throttle": true, "parent_id": id(9), "inferred": true,
        "http": {"response": {"content_length": 12, "status": 200}, "request": {"client_ip": "::1", "method": "GET"}},
    });
    let received = one_by_one(&[&document(entity(1, "shop", 0.25, 2.0, shop))]);
    let segments = Trace::assemble(trace_id(), &received).segments();
    let expected = [
        r#"{"id":"0000000000000001","name":"shop","start_time":1.72800000025E9,"trace_id":"#,
        r#""1-67000001-0123456789abcdef01234567","end_time":1.728000002E9,"parent_id":"0000000000000009","#,
        r#""inferred":true,"throttle":true,"http":{"request":{"method":"GET","client_ip":"::1"},"#,
        r#""response":{"status":200,"content_length":12}},"aws":{"ec2":{}},"annotations":{"plan":"gold","#,
        r#""vip":true},"metadata":{"b":{"list":[1,{"a":null}]}},"service":{"version":"1"},"user":"ada","#,
        r#""cause":"8888888888888888","origin":"AWS::EC2::Instance","resource_arn":"arn","subsegments":["#,
        r#"{"id":"0000000000000002","name":"call","start_time":1.7280000005E9,"end_time":1.728000001E9,"#,
        r#""fault":true,"error":false,"http":{"response":{"status":503}},"aws":{"operation":"x"},"#,
        r#""annotations":{"k":1.0},"metadata":{"a":{}},"namespace":"remote","sql":{"url":"u"},"cause":{"#,
        r#""exceptions":[{"id":"8888888888888888","message":"no","type":"Boom","remote":true}]}}]}"#,
    ]
    .concat();
    assert_eq!(segments[0].document, expected);
}

#[test]
fn a_finished_segment_comes_back_with_its_own_members_only() {
    let shop = document(entity(
        1,
        "shop",
        -0.25,
        1.0,
        json!({
            "annotations": {"plan": "gold", "qty": 3.0, "vip": true}, "metadata": {"box": {"list": [1, {"a": null}]}},
        }),
    ));
    assert_eq!(output(&one_by_one(&[&shop])), [shop]);
}

#[test]
fn a_segment_with_a_parent_is_an_entry_of_its_own() {
    let shop = document(entity(1, "shop", 0.0, 2.0, json!({})));
    let cart = document(entity(2, "cart", 0.5, 1.0, json!({"parent_id": id(1)})));
    assert_eq!(output(&one_by_one(&[&cart, &shop])), [shop, cart]);
}

#[test]
fn a_silent_remote_callee_is_inferred_with_times_flags_and_http() {
    let (call, inferred) = inferred_of(entity(
        2,
        "pay.test",
        0.5,
        1.0,
        json!({
            "namespace": "remote", "fault": true, "http": {"response": {"status": 503}}, "annotations": {"a": true},
            "cause": {"exceptions": [{"id": id(3), "type": "Boom", "message": "no"}]},
        }),
    ));
    assert_eq!(call["cause"]["exceptions"][0]["type"], json!("Boom"));
    let mut inferred = inferred.unwrap();
    assert_ne!(inferred["id"], call["id"]);
    inferred["id"] = json!("any");
    let mut expected = entity(
        2,
        "pay.test",
        0.5,
        1.0,
        json!({"fault": true, "http": {"response": {"status": 503}}}),
    );
    expected["id"] = json!("any");
    expected["trace_id"] = json!(TRACE);
    expected["parent_id"] = json!(id(2));
    expected["inferred"] = json!(true);
    assert_eq!(inferred, expected);
}

#[test]
fn known_services_are_named_by_their_resource() {
    let queue = "https://sqs.us-east-1.amazonaws.com/111122223333/jobs";
    for (name, member, resource, origin) in [
        ("DynamoDB", "table_name", "stock", "AWS::DynamoDB::Table"),
        ("dynamodb", "table_name", "stock", "AWS::DynamoDB::Table"),
        ("S3", "bucket_name", "photos", "AWS::S3::Bucket"),
        ("SQS", "queue_url", queue, "AWS::SQS::Queue"),
        (
            "SNS",
            "topic_arn",
            "arn:aws:sns:us-east-1:111122223333:news",
            "AWS::SNS",
        ),
        ("Lambda", "function_name", "resize", "AWS::Lambda"),
    ] {
        let sent = json!({"resource_names": ["mine"], "operation": "Do", member: resource});
        let (call, inferred) = inferred_of(aws_call(name, sent));
        let expected = json!({"operation": "Do", member: resource, "resource_names": [resource]});
        assert_eq!(call["aws"], expected);
        let inferred = inferred.unwrap();
        assert_eq!(inferred["aws"], expected);
        assert_eq!(
            (&inferred["origin"], &inferred["name"]),
            (&json!(origin), &json!(name))
        );
    }
}

#[test]
fn the_resolved_resource_is_the_last_member_of_the_call() {
    let aws = json!({"resource_names": ["mine"], "table_name": "stock", "operation": "GetItem", "zone": null});
    let call = aws_call("DynamoDB", aws);
    let shop = document(entity(1, "shop", 0.0, 2.0, json!({"subsegments": [call]})));
    let received = one_by_one(&[&shop]);
    for segment in Trace::assemble(trace_id(), &received).segments() {
        let expected =
            r#""aws":{"table_name":"stock","operation":"GetItem","resource_names":["stock"]}"#;
        assert!(segment.document.contains(expected), "{}", segment.document);
    }
}

#[test]
fn embedded_subsegments_lose_what_only_documents_of_their_own_have() {
    let python = json!({
        "type": "subsegment", "trace_id": TRACE, "parent_id": id(1), "in_progress": false, "traced": true,
        "origin": "AWS::EC2::Instance", "user": "ada", "service": {"version": "1"}, "resource_arn": "arn", "noOp": true,
    });
    let (shown, _) = inferred_of(entity(2, "work", 0.5, 1.0, python));
    assert_eq!(shown, entity(2, "work", 0.5, 1.0, json!({})));
}

#[test]
fn without_an_operation_the_origin_is_generic_and_no_resource_is_named() {
    for (name, member, origin) in [
        ("DynamoDB", "table_name", "AWS::DynamoDB"),
        ("S3", "bucket_name", "AWS::S3"),
        ("SQS", "queue_url", "AWS::SQS"),
        ("SNS", "topic_arn", "AWS::SNS"),
        ("Lambda", "function_name", "AWS::Lambda"),
    ] {
        let (call, inferred) = inferred_of(aws_call(
            name,
            json!({member: "x", "resource_names": ["x"]}),
        ));
        assert_eq!(call["aws"], json!({member: "x"}));
        let inferred = inferred.unwrap();
        assert_eq!(inferred["aws"], json!({member: "x"}));
        assert_eq!(inferred["origin"], json!(origin));
        assert_eq!(inferred.get("subsegments"), None);
    }
}

#[test]
fn other_services_are_named_by_the_call() {
    let aws = json!({"operation": "GetItem", "table_name": "stock"});
    for (name, origin) in [("vault", "AWS::vault"), ("Secrets Manager", "AWS::Unknown")] {
        let (call, inferred) = inferred_of(aws_call(name, aws.clone()));
        assert_eq!(call["aws"], aws);
        assert_eq!(inferred.unwrap()["origin"], json!(origin));
    }
}

#[test]
fn a_queue_call_infers_the_time_in_the_queue() {
    let (_, inferred) = inferred_of(aws_call(
        "SQS",
        json!({"operation": "SendMessage", "queue_url": "q"}),
    ));
    let inferred = inferred.unwrap();
    let wait = &inferred["subsegments"][0];
    assert_eq!(wait["name"], json!("QueueTime"));
    assert_eq!(
        (&wait["start_time"], &wait["end_time"]),
        (&inferred["start_time"], &inferred["end_time"])
    );
    assert_ne!(wait["id"], inferred["id"]);
}

#[test]
fn a_callee_that_reported_itself_is_not_inferred() {
    let calls = [(2, "cart"), (4, "pay")]
        .map(|(number, name)| entity(number, name, 0.5, 1.0, json!({"namespace": "remote"})));
    let shop = document(entity(1, "shop", 0.0, 2.0, json!({"subsegments": calls})));
    let cart = document(entity(3, "cart", 0.6, 0.9, json!({"parent_id": id(2)})));
    let shown = output(&one_by_one(&[&shop, &cart]));
    let names: Vec<_> = shown
        .iter()
        .map(|segment| segment["name"].clone())
        .collect();
    assert_eq!(names, [json!("shop"), json!("cart"), json!("pay")]);
}

#[test]
fn an_open_call_infers_nothing_and_neither_does_local_work() {
    for call in [
        entity(2, "pay", 0.5, None, json!({"namespace": "remote"})),
        entity(2, "work", 0.5, 1.0, json!({"namespace": "local"})),
        entity(2, "work", 0.5, 1.0, json!({})),
    ] {
        assert_eq!(inferred_of(call).1, None);
    }
}

#[test]
fn traced_calls_are_inferred_all_the_same() {
    let call = entity(
        2,
        "pay",
        0.5,
        1.0,
        json!({"namespace": "remote", "traced": true, "http": {"request": {"traced": true, "url": "u"}}}),
    );
    let (call, inferred) = inferred_of(call);
    assert_eq!(call["http"], json!({"request": {"url": "u"}}));
    assert_eq!(inferred.unwrap()["http"], json!({"request": {"url": "u"}}));
}

#[test]
fn an_inferred_segment_has_the_same_id_at_every_read() {
    let call = entity(2, "pay", 0.5, 1.0, json!({"namespace": "remote"}));
    let ids: Vec<_> = (0..2)
        .map(|_| inferred_of(call.clone()).1.unwrap()["id"].clone())
        .collect();
    assert_eq!(ids[0], ids[1]);
    assert!(
        ids[0]
            .as_str()
            .unwrap()
            .parse::<fluoro_model::SegmentId>()
            .is_ok()
    );
}
