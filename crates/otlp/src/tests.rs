//! Spans in, documents out. Examples are those of OpenTelemetry's semantic conventions and of the X-Ray developer guide.

use fluoro_model::document::{Kind, Limits};
use serde_json::{Value as Json, json};

use super::*;
use crate::encode::{any, attribute, field, fixed32, fixed64, message, number};

const TRACE: [u8; 16] = [
    0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c,
];
const SERVER: u64 = 2;
const CLIENT: u64 = 3;
const PRODUCER: u64 = 4;
const CONSUMER: u64 = 5;

/// A span in the making, of trace [`TRACE`], from 1,544,712,660.000000001 s on for two seconds.
#[derive(Clone)]
struct Sent {
    bytes: Vec<u8>,
}

fn span(id: u8, kind: u64, name: &str) -> Sent {
    let times = [1_544_712_660_000_000_001, 1_544_712_662_000_000_000];
    Sent {
        bytes: encode::span(&TRACE, &[0, 0, 0, 0, 0, 0, 0, id], kind, name, times),
    }
}

impl Sent {
    fn below(mut self, parent: u8) -> Self {
        field(&mut self.bytes, 4, &[0, 0, 0, 0, 0, 0, 0, parent]);
        self
    }

    fn with(mut self, key: &str, value: Vec<u8>) -> Self {
        field(&mut self.bytes, 9, &attribute(key, &value));
        self
    }

    fn text(self, key: &str, value: &str) -> Self {
        self.with(key, any::text(value))
    }

    fn flags(mut self, flags: u32) -> Self {
        fixed32(&mut self.bytes, 16, flags);
        self
    }

    fn part(mut self, number: u32, message: &[u8]) -> Self {
        field(&mut self.bytes, number, message);
        self
    }

    fn failed(self, text: &str) -> Self {
        let mut status = message(&[(2, text.as_bytes())]);
        number(&mut status, 3, 2);
        self.part(15, &status)
    }
}

fn request(resource: &[(&str, Vec<u8>)], spans: &[Sent]) -> Vec<u8> {
    let spans: Vec<Vec<u8>> = spans.iter().map(|span| span.bytes.clone()).collect();
    encode::request(resource, &spans)
}

/// The documents of a request; each says in its text what its facts say.
fn documents_of(mapping: &Mapping, request: &[u8]) -> Vec<Json> {
    let translated = translate(mapping, request).unwrap();
    assert_eq!(translated.refused.message(), "");
    let told: usize = translated
        .documents
        .iter()
        .map(|made| made.json.len())
        .sum();
    assert!(told <= weight(request).unwrap(), "{told}");
    let documents = translated.documents.iter().map(|made| {
        let read = Document::parse_facts(Limits::DEFAULT, &made.json).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", made.facts));
        serde_json::from_slice(&made.json).unwrap()
    });
    documents.collect()
}

fn shop(spans: &[Sent]) -> Vec<Json> {
    documents_of(
        &Mapping::default(),
        &request(&[("service.name", any::text("shop"))], spans),
    )
}

fn one(span: Sent) -> Json {
    let mut documents = shop(&[span]);
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

#[test]
fn a_server_span_is_its_services_segment() {
    let span = span(1, SERVER, "GET /users/{id}")
        .text("http.request.method", "GET")
        .text("url.full", "https://shop.test/users/7?verbose")
        .with("http.response.status_code", any::integer(200))
        .text("user_agent.original", "curl/8")
        .text("client.address", "192.0.2.7")
        .with("http.response.body.size", any::integer(512))
        .text("http.route", "/users/{id}")
        .text("enduser.id", "ada");
    assert_eq!(
        one(span),
        json!({
            "trace_id": "1-5b8efff7-98038103d269b633813fc60c",
            "id": "0000000000000001",
            "name": "shop",
            "start_time": 1_544_712_660.0,
            "end_time": 1_544_712_662.0,
            "http": {
                "request": {
                    "method": "GET", "url": "https://shop.test/users/7?verbose", "user_agent": "curl/8",
                    "client_ip": "192.0.2.7", "x_forwarded_for": true
                },
                "response": {"status": 200, "content_length": 512}
            },
            "user": "ada",
            "metadata": {
                "default": {"http.route": "/users/{id}", "otel.resource.service.name": "shop"},
                "otel": {
                    "name": "GET /users/{id}", "kind": "SERVER", "scope": {"name": "shop.tracing", "version": "1.2.0"},
                    "start_nanos": 1
                }
            }
        })
    );
}

#[test]
fn old_names_say_the_same() {
    let http = |span: Sent| one(span)["http"].clone();
    let new = span(1, SERVER, "GET /")
        .text("http.request.method", "GET")
        .text("url.full", "http://shop.test/")
        .with("http.response.status_code", any::integer(404))
        .text("user_agent.original", "curl/8")
        .text("client.address", "192.0.2.7");
    let old = span(1, SERVER, "GET /")
        .text("http.method", "GET")
        .text("http.url", "http://shop.test/")
        .with("http.status_code", any::integer(404))
        .text("http.user_agent", "curl/8")
        .text("http.client_ip", "192.0.2.7");
    assert_eq!(http(new), http(old));
}

#[test]
fn a_url_is_put_together_of_its_parts() {
    let url = |kind, attributes: &[(&str, &str)]| {
        let mut span = span(1, kind, "GET")
            .below(9)
            .text("http.request.method", "GET");
        for (key, value) in attributes {
            span = match value.parse() {
                Ok(number) => span.with(key, any::integer(number)),
                Err(_) => span.text(key, value),
            };
        }
        let document = one(span);
        for (key, value) in attributes {
            let kept = &document["metadata"]["default"][key];
            assert_eq!(kept.to_string().trim_matches('"'), *value);
        }
        document["http"]["request"]["url"].clone()
    };
    // Semantic conventions 1.40, HTTP server: scheme, path and query, and the server's address.
    let new = [
        ("url.scheme", "https"),
        ("server.address", "shop.test"),
        ("server.port", "8443"),
        ("url.path", "/a"),
        ("url.query", "b=c"),
    ];
    assert_eq!(url(SERVER, &new), "https://shop.test:8443/a?b=c");
    let usual = [
        ("url.scheme", "https"),
        ("server.address", "shop.test"),
        ("server.port", "443"),
    ];
    assert_eq!(url(SERVER, &usual), "https://shop.test/");
    // 1.12: which end is whose depends on who tells.
    let old = [
        ("http.scheme", "http"),
        ("net.host.name", "here.test"),
        ("net.host.port", "8080"),
        ("net.peer.name", "there.test"),
        ("net.peer.port", "50000"),
        ("http.target", "/a?b"),
    ];
    assert_eq!(url(SERVER, &old), "http://here.test:8080/a?b");
    assert_eq!(url(CLIENT, &old), "http://there.test:50000/a?b");
    assert_eq!(
        url(SERVER, &[("http.host", "h:1"), ("url.path", "/p")]),
        "http://h:1/p"
    );
    assert_eq!(url(SERVER, &[("url.path", "/p")]), Json::Null);
}

#[test]
fn other_spans_are_subsegments_of_their_parents() {
    let documents = shop(&[
        span(1, SERVER, "GET /"),
        span(2, 1, "work: {x}").below(1),
        span(3, CLIENT, "GET")
            .below(2)
            .text("server.address", "stock.test"),
    ]);
    assert_eq!(documents[1]["type"], "subsegment");
    assert_eq!(documents[1]["parent_id"], "0000000000000001");
    assert_eq!(documents[1]["name"], "work: x");
    assert_eq!(documents[1]["metadata"]["otel"]["name"], "work: {x}");
    assert_eq!(documents[1]["namespace"], Json::Null);
    assert_eq!(documents[2]["name"], "stock.test");
    assert_eq!(documents[2]["namespace"], "remote");
    // Told once, by who stands above them.
    let resource =
        |document: &Json| document["metadata"]["default"]["otel.resource.service.name"].clone();
    assert_eq!(resource(&documents[0]), "shop");
    assert_eq!(resource(&documents[1]), Json::Null);
}

#[test]
fn a_subsegment_that_comes_without_its_parent_tells_of_its_service() {
    let document = one(span(2, 1, "work").below(1));
    let default = &document["metadata"]["default"];
    assert_eq!(default["otel.resource.service.name"], "shop");
}

#[test]
fn what_enters_a_service_is_a_segment() {
    let is_segment = |span: Sent| one(span)["type"].is_null();
    assert!(is_segment(span(1, SERVER, "s").below(9)));
    assert!(is_segment(span(1, CONSUMER, "c").below(9)));
    assert!(is_segment(span(1, 1, "i")));
    assert!(is_segment(span(1, 0, "u")));
    assert!(is_segment(span(1, 99, "unknown kind")));
    assert!(is_segment(span(1, 1, "i").below(9).flags(0x301)));
    assert!(is_segment(
        span(1, 1, "i").below(9).text("aws.span.kind", "LOCAL_ROOT")
    ));
    assert!(is_segment(span(1, 1, "i").part(4, &[0; 8])));
    assert!(!is_segment(span(1, 1, "i").below(9).flags(0x101)));
    assert!(!is_segment(span(1, 1, "i").below(9).flags(0x200)));
    assert!(!is_segment(span(1, 1, "i").below(9)));
    let kept = one(span(1, 99, "k"));
    assert_eq!(kept["metadata"]["otel"]["kind"], 99);
}

#[test]
fn a_call_that_enters_gives_its_services_segment_too() {
    let call = span(1, CLIENT, "GET")
        .text("http.url", "http://stock.test:81/a")
        .text("enduser.id", "ada")
        .failed("no");
    for (call, parent) in [
        (call.clone(), Json::Null),
        (call.below(9).flags(0x300), json!("0000000000000009")),
    ] {
        let documents = shop(&[call]);
        let [segment, call] = &documents[..] else {
            panic!("two documents");
        };
        assert_eq!(
            (&segment["name"], &segment["parent_id"]),
            (&json!("shop"), &parent)
        );
        assert_eq!(segment["metadata"]["otel"]["segment_of_span"], call["id"]);
        assert_eq!(segment["user"], "ada");
        assert_eq!(segment["fault"], true);
        assert_eq!(segment["cause"], Json::Null);
        assert_eq!(
            (&call["name"], &call["id"]),
            (&json!("stock.test"), &json!("0000000000000001"))
        );
        assert_eq!(call["parent_id"], segment["id"]);
        assert_eq!(call["metadata"]["default"]["enduser.id"], "ada");
        assert_eq!(call["cause"]["exceptions"][0]["message"], "no");
    }
}

#[test]
fn the_same_span_sent_twice_gives_the_same_documents() {
    let exception = message(&[(2, b"exception")]);
    let spans = [span(1, CLIENT, "GET").part(11, &exception)];
    assert_eq!(shop(&spans), shop(&spans));
}

#[test]
fn a_call_to_aws_names_what_it_calls() {
    // botocore's instrumentation, old and new.
    let put = span(2, CLIENT, "DynamoDB.PutItem")
        .below(1)
        .text("rpc.system", "aws-api")
        .text("rpc.service", "DynamoDB")
        .text("rpc.method", "PutItem")
        .text("aws.region", "eu-west-1")
        .text("aws.request_id", "R1")
        .with(
            "aws.dynamodb.table_names",
            any::list(&[&any::text("carts")]),
        )
        .with("http.status_code", any::integer(200));
    let document = one(put);
    assert_eq!(
        (&document["name"], &document["namespace"]),
        (&json!("DynamoDB"), &json!("aws"))
    );
    assert_eq!(
        document["aws"],
        json!({"operation": "PutItem", "region": "eu-west-1", "request_id": "R1", "table_name": "carts"})
    );
    let send = span(2, PRODUCER, "SQS.SendMessage")
        .below(1)
        .text("rpc.system.name", "aws-api")
        .text("rpc.method", "SQS/SendMessage")
        .text("cloud.region", "eu-west-1")
        .text("aws.sqs.queue.url", "https://sqs.test/1/jobs")
        .with("aws.retries", any::integer(2));
    let document = one(send);
    assert_eq!(
        (&document["name"], &document["namespace"]),
        (&json!("SQS"), &json!("aws"))
    );
    assert_eq!(
        document["aws"],
        json!({"operation": "SendMessage", "region": "eu-west-1", "queue_url": "https://sqs.test/1/jobs", "retries": 2})
    );
    assert_eq!(
        document["metadata"]["default"]["rpc.method"],
        "SQS/SendMessage"
    );
    let several = span(2, CLIENT, "DynamoDB.BatchGetItem")
        .below(1)
        .text("aws.service", "DynamoDB")
        .with(
            "aws.dynamodb.table_names",
            any::list(&[&any::text("a"), &any::text("b")]),
        );
    assert_eq!(one(several)["aws"], json!({"table_names": ["a", "b"]}));
    let remote = span(2, CLIENT, "S3.GetObject")
        .below(1)
        .text("rpc.system", "aws-api")
        .text("aws.remote.service", "AWS::S3")
        .text("aws.s3.bucket", "b");
    let document = one(remote);
    assert_eq!(
        (&document["name"], &document["aws"]["bucket_name"]),
        (&json!("S3"), &json!("b"))
    );
    assert_eq!(
        document["metadata"]["default"]["aws.remote.service"],
        "AWS::S3"
    );
}

#[test]
fn a_query_names_its_database() {
    let query = |system: &str, connection: &str| {
        one(span(2, CLIENT, "SELECT carts")
            .below(1)
            .text("db.system", system)
            .text("db.name", "carts")
            .text("db.user", "rw")
            .text("db.statement", "SELECT 1")
            .text("db.connection_string", connection))
    };
    let document = query("postgresql", "postgresql://rw@db.test:5432/carts");
    assert_eq!(document["name"], "carts@db.test");
    assert_eq!(
        document["sql"],
        json!({
            "url": "postgresql://rw@db.test:5432/carts", "sanitized_query": "SELECT 1", "database_type": "postgresql",
            "user": "rw"
        })
    );
    assert_eq!(
        document["metadata"]["default"],
        json!({"db.name": "carts", "otel.resource.service.name": "shop"})
    );
    assert_eq!(
        query("mysql", "Server=db").pointer("/sql/connection_string"),
        Some(&json!("Server=db"))
    );
    let document = query("redis", "redis://[::1]:6379");
    assert_eq!(document["name"], "carts@::1");
    assert_eq!(document["sql"], Json::Null);
    assert_eq!(document["metadata"]["default"]["db.statement"], "SELECT 1");
}

#[test]
fn whom_a_call_is_made_to_is_told_in_this_order() {
    let name = |attributes: &[(&str, &str)]| {
        let mut call = span(2, CLIENT, "call").below(1);
        for (key, value) in attributes {
            call = call.text(key, value);
        }
        one(call)["name"].as_str().unwrap().to_owned()
    };
    let all = [
        ("aws.remote.service", "remote"),
        ("peer.service", "peer"),
        ("db.namespace", "db"),
        ("rpc.service", "rpc"),
        ("http.host", "host"),
        ("server.address", "server"),
        ("url.full", "http://url/"),
    ];
    let names = [
        "remote",
        "peer",
        "db@server",
        "rpc",
        "host",
        "server",
        "url",
        "call",
    ];
    for (from, expected) in names.iter().enumerate() {
        assert_eq!(name(&all[from..]), *expected);
    }
    assert_eq!(name(&[("peer.service", "{}")]), "call");
}

#[test]
fn a_status_tells_whose_fault_it_was() {
    let flags = |span: Sent| {
        let document = one(span);
        ["fault", "error", "throttle"].map(|flag| document[flag] == true)
    };
    let status = |code: i64| span(1, SERVER, "s").with("http.status_code", any::integer(code));
    assert_eq!(flags(status(200)), [false; 3]);
    assert_eq!(flags(status(404)), [false, true, false]);
    assert_eq!(flags(status(404).failed("x")), [false, true, false]);
    assert_eq!(flags(status(429)), [false, true, true]);
    assert_eq!(flags(status(503)), [true, false, false]);
    assert_eq!(flags(status(200).failed("x")), [true, false, false]);
    assert_eq!(flags(span(1, SERVER, "s").failed("")), [true, false, false]);
    assert_eq!(flags(span(1, SERVER, "s")), [false; 3]);
}

#[test]
fn exceptions_are_the_cause_and_stay_events() {
    let stack = "E: no\n\tat a.B.c(B.java:7)\nCaused by: F: deep\n\tat d.E.f(E.java:8)";
    let mut event = message(&[
        (2, b"exception"),
        (3, &attribute("exception.type", &any::text("E"))),
        (3, &attribute("exception.message", &any::text("no"))),
        (3, &attribute("exception.stacktrace", &any::text(stack))),
    ]);
    fixed64(&mut event, 1, 1_544_712_661_000_000_009);
    number(&mut event, 4, 3);
    let document = one(span(2, CLIENT, "x")
        .below(1)
        .part(11, &event)
        .failed("failed"));
    let exceptions = &document["cause"]["exceptions"];
    assert_eq!(exceptions[0]["type"], "E");
    assert_eq!(exceptions[0]["remote"], true);
    assert_eq!(
        exceptions[0]["stack"],
        json!([{"path": "B.java", "line": 7, "label": "a.B.c"}])
    );
    assert_eq!(exceptions[0]["cause"], exceptions[1]["id"]);
    assert_eq!(
        (&exceptions[1]["type"], &exceptions[1]["message"]),
        (&json!("F"), &json!("deep"))
    );
    let otel = &document["metadata"]["otel"];
    assert_eq!(
        otel["events"],
        json!([{
            "name": "exception", "time_unix_nano": 1_544_712_661_000_000_009_u64,
            "attributes": {"exception.type": "E", "exception.message": "no", "exception.stacktrace": stack},
            "dropped_attributes_count": 3
        }])
    );
    assert_eq!(
        (&otel["status"], &otel["status_message"]),
        (&json!("ERROR"), &json!("failed"))
    );
}

#[test]
fn links_lead_to_other_traces() {
    let mut sound = message(&[
        (1, &[7; 16]),
        (2, &[8; 8]),
        (3, b"a=b"),
        (4, &attribute("why", &any::list(&[&any::text("batch")]))),
    ]);
    fixed32(&mut sound, 6, 0x101);
    let short = message(&[(1, &[7; 3]), (4, &attribute("k", &any::text("v")))]);
    let plain = message(&[(1, &[9; 16]), (2, &[9; 8])]);
    let document = one(span(1, CONSUMER, "c")
        .part(13, &sound)
        .part(13, &short)
        .part(13, &plain));
    assert_eq!(
        document["links"],
        json!([
            {"trace_id": "1-07070707-070707070707070707070707", "id": "0808080808080808", "attributes": {"why": ["batch"]}},
            {"trace_id": "1-09090909-090909090909090909090909", "id": "0909090909090909"}
        ])
    );
    assert_eq!(
        document["metadata"]["otel"]["links"],
        json!([
            {"index": 0, "trace_state": "a=b", "flags": 257},
            {"index": 1, "trace_id": "070707", "span_id": "", "attributes": {"k": "v"}}
        ])
    );
}

#[test]
fn whatever_has_no_field_is_metadata() {
    let mut all = span(1, SERVER, "s")
        .text("http.method", "GET")
        .text("http.method", "PUT")
        .text("http.status_code", "200")
        .with("int", any::integer(i64::MAX))
        .with("double", any::double(0.5))
        .with("bool", any::boolean(false))
        .with("bytes", any::bytes(&[1]))
        .with("list", any::list(&[&any::integer(1), &any::text("a")]))
        .with(
            "map",
            any::map(&[("k", any::map(&[("l", any::double(2.0))]))]),
        )
        .with("empty", Vec::new())
        .part(3, b"vendor=x")
        .part(11, &message(&[(2, b"cache miss")]))
        .flags(0x101);
    for count in [10, 12, 14] {
        number(&mut all.bytes, count, 4);
    }
    let document = one(all);
    assert_eq!(document["http"]["request"]["method"], "GET");
    assert_eq!(
        document["metadata"]["default"],
        json!({
            "http.method": "PUT", "http.status_code": "200", "int": i64::MAX, "double": 0.5, "bool": false,
            "bytes": {"bytesValue": "AQ=="}, "list": [1, "a"], "map": {"k": {"l": 2.0}}, "empty": null,
            "otel.resource.service.name": "shop"
        })
    );
    let otel = &document["metadata"]["otel"];
    assert_eq!(
        (&otel["trace_state"], &otel["flags"]),
        (&json!("vendor=x"), &json!(257))
    );
    assert_eq!(
        otel["events"],
        json!([{"name": "cache miss", "time_unix_nano": 0}])
    );
    for count in [
        "dropped_attributes_count",
        "dropped_events_count",
        "dropped_links_count",
    ] {
        assert_eq!(otel[count], 4, "{count}");
    }
}

fn mapping(indexed: Indexed) -> Mapping {
    Mapping {
        indexed,
        ..Mapping::default()
    }
}

#[test]
fn indexed_attributes_are_annotations() {
    let told = span(1, SERVER, "s")
        .text("plan", "gold")
        .text("user-id", "u")
        .text("ключ", "k")
        .with("n", any::integer(3))
        .with("nan", any::double(f64::NAN))
        .with("list", any::list(&[]))
        .text("http.method", "GET");
    let resource = [
        ("service.name", any::text("shop")),
        ("zone", any::text("z")),
    ];
    let with = |indexed| {
        documents_of(
            &mapping(indexed),
            &request(&resource, std::slice::from_ref(&told)),
        )
        .remove(0)
    };
    let document = with(Indexed::All);
    assert_eq!(
        document["annotations"],
        json!({
            "otel.resource.service.name": "shop", "otel.resource.zone": "z", "plan": "gold", "user-id": "u", "____": "k",
            "n": 3, "http.method": "GET"
        })
    );
    assert_eq!(
        document["metadata"]["default"],
        json!({"ключ": "k", "nan": {"doubleValue": "NaN"}, "list": []})
    );
    let named = ["n", "otel.resource.zone"].map(str::to_owned);
    let document = with(Indexed::Named(named.into()));
    assert_eq!(
        document["annotations"],
        json!({"otel.resource.zone": "z", "n": 3})
    );
    assert_eq!(document["metadata"]["default"]["plan"], "gold");
    assert_eq!(with(Indexed::default())["annotations"], Json::Null);
}

#[test]
fn a_span_may_name_what_is_indexed() {
    let document = one(span(1, SERVER, "s")
        .text("plan", "gold")
        .text("other", "x")
        .with(
            "aws.xray.annotations",
            any::list(&[&any::text("plan"), &any::text("gone")]),
        ));
    assert_eq!(document["annotations"], json!({"plan": "gold"}));
    let default = &document["metadata"]["default"];
    assert_eq!(default["aws.xray.annotations"], json!(["plan", "gone"]));
}

#[test]
fn a_resource_tells_where_the_service_runs() {
    let on = |attributes: &[(&str, &str)]| {
        let mut resource = vec![("service.name", any::text("shop"))];
        resource.extend(
            attributes
                .iter()
                .map(|(key, value)| (*key, any::text(value))),
        );
        documents_of(
            &Mapping::default(),
            &request(&resource, &[span(1, SERVER, "s")]),
        )
        .remove(0)
    };
    let document = on(&[
        ("cloud.provider", "aws"),
        ("cloud.platform", "aws_ec2"),
        ("cloud.account.id", "123456789012"),
        ("host.id", "i-1"),
        ("cloud.availability_zone", "eu-west-1a"),
        ("telemetry.sdk.name", "opentelemetry"),
        ("telemetry.sdk.language", "python"),
        ("telemetry.sdk.version", "1.44.0"),
        ("service.version", "7"),
        ("aws.log.group.names", "a&b"),
    ]);
    assert_eq!(document["origin"], "AWS::EC2::Instance");
    assert_eq!(document["service"], json!({"version": "7"}));
    assert_eq!(
        document["aws"],
        json!({
            "account_id": "123456789012",
            "ec2": {"instance_id": "i-1", "availability_zone": "eu-west-1a"},
            "cloudwatch_logs": [{"log_group": "a"}, {"log_group": "b"}],
            "xray": {"sdk": "opentelemetry for python", "sdk_version": "1.44.0", "auto_instrumentation": false}
        })
    );
    for (platform, launch, origin) in [
        ("aws_ecs", "", json!("AWS::ECS::Container")),
        ("aws_ecs", "fargate", json!("AWS::ECS::Fargate")),
        ("aws_ecs", "ec2", json!("AWS::ECS::EC2")),
        ("aws_eks", "", json!("AWS::EKS::Container")),
        (
            "aws_elastic_beanstalk",
            "",
            json!("AWS::ElasticBeanstalk::Environment"),
        ),
        ("aws_app_runner", "", json!("AWS::AppRunner::Service")),
        ("aws_lambda", "", json!("AWS::Lambda::Function")),
        ("gcp_cloud_run", "", Json::Null),
    ] {
        let document = on(&[("cloud.platform", platform), ("aws.ecs.launchtype", launch)]);
        assert_eq!(document["origin"], origin, "{platform} {launch}");
    }
    let elsewhere = on(&[
        ("cloud.provider", "gcp"),
        ("cloud.account.id", "p"),
        ("host.id", "h"),
    ]);
    assert_eq!(elsewhere["aws"], Json::Null);
    assert_eq!(
        elsewhere["metadata"]["default"]["otel.resource.cloud.account.id"],
        "p"
    );
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
    assert_eq!(on(&[("cloud.resource_id", arn)])["resource_arn"], arn);
}

#[test]
fn a_span_without_sound_ids_is_refused_alone() {
    let broken = |trace: &[u8], id: &[u8], parent: &[u8]| Sent {
        bytes: message(&[(1, trace), (2, id), (4, parent), (5, b"broken")]),
    };
    let all = request(
        &[],
        &[
            broken(&[], &[1; 8], &[]),
            broken(&[0; 16], &[1; 8], &[]),
            broken(&[1; 15], &[1; 8], &[]),
            broken(&[1; 16], &[], &[]),
            broken(&[1; 16], &[0; 8], &[]),
            broken(&[1; 16], &[1; 8], &[1; 7]),
            span(1, SERVER, "sound"),
        ],
    );
    let translated = translate(&Mapping::default(), &all).unwrap();
    let codes: Vec<_> = translated.refused.counts().collect();
    assert_eq!(
        codes,
        [
            (RefusalCode::InvalidId, 2),
            (RefusalCode::InvalidTraceId, 3),
            (RefusalCode::InvalidParentId, 1)
        ]
    );
    assert_eq!((translated.spans, translated.documents.len()), (7, 1));
    assert_eq!(translated.documents[0].span, 6);
    assert_eq!(&*translated.documents[0].facts.entity.name, "sound");
    let message = translated.refused.message();
    let begin = "not taken: 2 InvalidId, 3 InvalidTraceId, 1 InvalidParentId; the first: span \"0101010101010101\" of \"broken\"";
    assert!(message.starts_with(begin), "{message}");
    assert!(
        message.ends_with("a trace id of 0 bytes, all zero"),
        "{message}"
    );
}

#[test]
fn a_span_without_an_end_is_in_progress() {
    let mut bytes = message(&[(1, &TRACE), (2, &[1; 8])]);
    fixed64(&mut bytes, 7, u64::MAX);
    let document = one(Sent { bytes });
    assert_eq!(document["in_progress"], true);
    assert_eq!(document["name"], "shop");
    assert_eq!(document["metadata"]["otel"]["start_nanos"], 615);
}

#[test]
fn a_service_without_a_name_is_named_by_its_span() {
    let documents = documents_of(
        &Mapping::default(),
        &request(&[], &[span(1, SERVER, "GET /")]),
    );
    assert_eq!(documents[0]["name"], "GET /");
    let documents = documents_of(&Mapping::default(), &request(&[], &[span(1, SERVER, "{}")]));
    assert_eq!(documents[0]["name"], "span");
    assert!(matches!(
        &translate(&Mapping::default(), &request(&[], &[span(1, SERVER, "{}")])).unwrap().documents[0].facts.kind,
        Kind::Segment(fields) if fields.user.is_none()
    ));
}

#[test]
fn no_request_is_no_span() {
    assert_eq!(translate(&Mapping::default(), &[]).unwrap().spans, 0);
    let unknown = message(&[(9, b"later"), (1, &message(&[(2, &message(&[(9, b"x")]))]))]);
    assert_eq!(translate(&Mapping::default(), &unknown).unwrap().spans, 0);
}

#[test]
fn what_is_no_request_is_malformed_as_a_whole() {
    for (bytes, fault) in [
        (b"{\"resourceSpans\":[]}".to_vec(), Malformed::Tag),
        (
            request(&[], &[span(1, SERVER, "s").part(5, b"\xff")]),
            Malformed::Text,
        ),
        (
            request(&[], &[span(1, SERVER, "s").flags(1).part(7, b"x")]),
            Malformed::Kind,
        ),
        (
            request(&[], &[span(1, SERVER, "s")])[..40].to_vec(),
            Malformed::Cut,
        ),
    ] {
        assert_eq!(translate(&Mapping::default(), &bytes).unwrap_err(), fault);
    }
}

#[test]
fn what_is_too_long_for_any_document_is_refused_unread() {
    let mapping = Mapping {
        document_bytes: 2_000,
        ..Mapping::default()
    };
    let long = "x".repeat(2_000);
    let spans = [span(1, SERVER, "s"), span(2, SERVER, &long)];
    let refused = |request: &[u8]| {
        let translated = translate(&mapping, request).unwrap();
        let counts: Vec<_> = translated.refused.counts().collect();
        assert_eq!(translated.spans, 2);
        assert_eq!(counts.len(), 1);
        assert_eq!(counts[0].0, RefusalCode::InvalidSegment);
        (translated.documents.len(), counts[0].1)
    };
    assert_eq!(refused(&request(&[], &spans)), (1, 1));
    assert_eq!(
        refused(&request(&[("k", any::text(&long))], &spans)),
        (0, 2)
    );
}

#[test]
fn a_weight_knows_that_a_resource_stands_in_every_segment() {
    let long = "x".repeat(10_000);
    let resource = [("service.name", any::text("shop")), ("k", any::text(&long))];
    let spans = vec![span(1, SERVER, "s"); 100];
    let told = documents_of(&Mapping::default(), &request(&resource, &spans));
    assert_eq!(told.len(), 100);
    assert!(weight(&request(&resource, &spans)).unwrap() < 100 * 10_000 * 4);
    assert!(weight(&request(&[], &spans)).unwrap() < 100 * 2_500);
}
