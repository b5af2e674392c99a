//! OTLP over HTTP, over real connections: what exporters send, and what they are answered.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use fluoro_otlp::encode::{any, attribute, field, request, span};
use fluoro_testkit::{Answer, Ask, TestServer};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const TRACE: &str = "1-67000001-0123456789abcdef01234567";
const TRACE_BYTES: [u8; 16] = [
    0x67, 0, 0, 1, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67,
];
const SERVER: u64 = 2;
const CLIENT: u64 = 3;
const TIMES: [u64; 2] = [1_728_053_249_000_000_000, 1_728_053_250_000_000_000];

fn id(number: u8) -> [u8; 8] {
    [0, 0, 0, 0, 0, 0, 0, number]
}

/// A request served, and a call in it.
fn two_spans() -> Vec<u8> {
    let served = span(&TRACE_BYTES, &id(1), SERVER, "GET /cart", TIMES);
    let mut called = span(&TRACE_BYTES, &id(2), CLIENT, "GET", TIMES);
    field(&mut called, 4, &id(1));
    field(
        &mut called,
        9,
        &attribute("server.address", &any::text("stock.test")),
    );
    field(&mut called, 9, &attribute("plan", &any::text("gold")));
    request(&[("service.name", any::text("cart"))], &[served, called])
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// What the ledger says of this door: client, cause, count.
async fn counted(server: &TestServer) -> Vec<(String, String, u64)> {
    let report = server.get("/_fluoro/doctor").send().await;
    let report = report.expect(StatusCode::OK);
    let lines = report["lines"].as_array().into_iter().flatten();
    let ours = lines.filter(|line| line["door"] == "otlp_http");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ours.map(|line| {
        let count = line["count"].as_u64().unwrap_or_default();
        (text(&line["client"]), text(&line["cause"]), count)
    })
    .collect()
}

/// Code and message of a `google.rpc.Status` in protocol buffers.
fn status(answer: &Answer) -> (u8, String) {
    assert_eq!(answer.header("content-type"), "application/x-protobuf");
    let [8, code, 18, rest @ ..] = &answer.body[..] else {
        panic!("no status: {:?}", answer.body);
    };
    let message = if rest[0] < 0x80 {
        &rest[1..]
    } else {
        &rest[2..]
    };
    (*code, String::from_utf8_lossy(message).into_owned())
}

#[tokio::test]
async fn spans_are_read_as_segments() {
    let server = TestServer::start().await;
    for body in [two_spans(), packed(&two_spans())] {
        let mut ask = server.ask_otlp(body.clone());
        if body.starts_with(&[0x1f, 0x8b]) {
            ask = ask.header("content-encoding", "gzip");
        }
        let answer = ask
            .header("user-agent", "OTel-OTLP-Exporter-Python/1.44.0 and more")
            .send()
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), "application/x-protobuf");
        assert_eq!(answer.body, Bytes::new());
    }
    let mut documents = server.documents(TRACE).await;
    documents.sort_by_key(|document| document["inferred"] == true);
    assert_eq!(documents[0]["name"], "cart");
    let call = &documents[0]["subsegments"][0];
    assert_eq!(
        (&call["name"], &call["namespace"]),
        (&json!("stock.test"), &json!("remote"))
    );
    assert_eq!(call["metadata"]["default"]["plan"], "gold");
    assert_eq!(documents[1]["name"], "stock.test");
    let client = "OTel-OTLP-Exporter-Python/1.44.0".to_owned();
    assert_eq!(counted(&server).await, [(client, "received".to_owned(), 4)]);
    server.stop().await;
}

#[tokio::test]
async fn indexed_attributes_are_found() {
    let server = TestServer::start_with(|settings| {
        settings.otlp.indexed_attributes = fluoro_otlp::Indexed::Named(["plan".to_owned()].into());
    })
    .await;
    let answer = server.ask_otlp(two_spans()).send().await;
    assert_eq!(answer.status, StatusCode::OK);
    let found = |filter: &'static str| {
        let input = json!({
            "StartTime": 1_728_053_000, "EndTime": 1_728_053_500, "FilterExpression": filter
        });
        server.xray("/TraceSummaries", &input).send()
    };
    for (filter, count) in [
        ("annotation.plan = \"gold\"", 1),
        ("annotation.plan = \"tin\"", 0),
    ] {
        let answer = found(filter).await.expect(StatusCode::OK);
        let summaries = answer["TraceSummaries"].as_array().unwrap();
        assert_eq!(summaries.len(), count, "{filter}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_refused_of_a_request_is_told_and_counted() {
    let server = TestServer::start_with(|settings| {
        settings.limits.document_size = fluoro_server::settings::ByteSize(2_000);
    })
    .await;
    let mut long = span(&TRACE_BYTES, &id(4), SERVER, "long", TIMES);
    // One that is too long as it comes, and one that becomes so.
    field(
        &mut long,
        9,
        &attribute("a", &any::text(&"x".repeat(2_000))),
    );
    let mut longer = span(&TRACE_BYTES, &id(5), SERVER, "longer", TIMES);
    field(
        &mut longer,
        9,
        &attribute("a", &any::text(&"\n".repeat(1_500))),
    );
    let spans = [
        span(&TRACE_BYTES, &id(1), SERVER, "sound", TIMES),
        span(&[1; 3], &id(2), SERVER, "no trace", TIMES),
        span(&TRACE_BYTES, &[], SERVER, "no id", TIMES),
        long,
        longer,
    ];
    let answer = server.ask_otlp(request(&[], &spans)).send().await;
    assert_eq!(answer.status, StatusCode::OK);
    let [0x0a, _, _, 0x08, 4, 0x12, ..] = &answer.body[..] else {
        panic!("no partial success of four spans: {:?}", answer.body);
    };
    let text = answer.text();
    let told = "not taken: 1 InvalidId, 1 InvalidTraceId, 2 InvalidSegment; the first: span \"0000000000000002\" of \"no trace\"";
    assert!(text.contains(told), "{text}");
    assert_eq!(server.documents(TRACE).await.len(), 1);
    let client = "127.0.0.1".to_owned();
    let line = |cause: &str, count| (client.clone(), cause.to_owned(), count);
    let mut counted = counted(&server).await;
    counted.sort();
    assert_eq!(
        counted,
        [
            line("InvalidId", 1),
            line("InvalidSegment", 2),
            line("InvalidTraceId", 1),
            line("received", 5)
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_request_is_told_in_its_own_words() {
    let server = TestServer::start_with(|settings| {
        settings.limits.otlp_request = fluoro_server::settings::ByteSize(100_000);
    })
    .await;
    let otlp = server.addresses().otlp_http.unwrap();
    let at = |path: &str| {
        Ask::new(Method::POST, format!("http://{otlp}{path}"))
            .header("content-type", "application/x-protobuf")
    };
    let gzip = |bytes: Vec<u8>| server.ask_otlp(bytes).header("content-encoding", "gzip");
    let cut = packed(&two_spans())[..60].to_vec();
    let cases = [
        (
            at("/v1/metrics").body("x"),
            404,
            12,
            "metrics and logs are not",
        ),
        (at("/"), 404, 12, "/v1/traces"),
        (server.ask_otlp("\x08"), 400, 3, "cut off"),
        (
            server.ask_otlp("no protobuf"),
            400,
            3,
            "ExportTraceServiceRequest",
        ),
        (
            server.ask_otlp(vec![0; 100_001]),
            413,
            8,
            "limits.otlp_request",
        ),
        (
            gzip(packed(&vec![0; 100_001])),
            413,
            8,
            "limits.otlp_request",
        ),
        (
            gzip(packed(&vec![0; 50 << 20])),
            413,
            8,
            "limits.otlp_request",
        ),
        (gzip(two_spans()), 400, 3, "gzip"),
        (gzip(cut), 400, 3, "gzip"),
        (
            server
                .ask_otlp(two_spans())
                .header("content-encoding", "zstd"),
            415,
            3,
            "zstd",
        ),
        (
            server
                .ask_otlp(two_spans())
                .header("origin", "http://evil.test"),
            403,
            7,
            "evil.test",
        ),
    ];
    for (ask, http_status, code, words) in cases {
        let shown = format!("{ask:?}").chars().take(200).collect::<String>();
        let answer = ask.send().await;
        assert_eq!(
            answer.status.as_u16(),
            http_status,
            "{shown}: {}",
            answer.text()
        );
        let (told, message) = status(&answer);
        assert_eq!(told, code, "{shown}: {message}");
        assert!(message.contains(words), "{shown}: {message}");
        assert_eq!(answer.header("retry-after"), "", "{shown}");
    }
    let url = format!("http://{otlp}/v1/traces");
    let answer = Ask::new(Method::GET, url.clone()).send().await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "POST");
    let answer = Ask::new(Method::POST, url).body(two_spans()).send().await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let lines = counted(&server).await;
    let count = |cause: &str| lines.iter().find(|line| line.1 == cause).map(|line| line.2);
    assert_eq!(count("request that cannot be read"), Some(9), "{lines:?}");
    assert_eq!(count("received"), Some(9), "{lines:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_request_whose_documents_would_swell_is_refused() {
    let server = TestServer::start().await;
    let much = "x".repeat(100_000);
    let spans = vec![span(&TRACE_BYTES, &id(1), SERVER, "s", TIMES); 2_000];
    let answer = server.ask_otlp(request(&[("much", any::text(&much))], &spans));
    let answer = answer.send().await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(status(&answer).1.contains("smaller batches"));
    server.stop().await;
}

#[tokio::test]
async fn json_is_told_that_it_comes_later_in_json() {
    let server = TestServer::start().await;
    let otlp = server.addresses().otlp_http.unwrap();
    let answer = Ask::new(Method::POST, format!("http://{otlp}/v1/traces"))
        .header("content-type", "application/json; charset=utf-8")
        .body("{\"resourceSpans\":[]}")
        .send()
        .await;
    assert_eq!(answer.header("content-type"), "application/json");
    let told = answer.expect(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(told["code"], 3);
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("not read yet") && message.contains("http/protobuf"),
        "{message}"
    );
    server.stop().await;
}

#[tokio::test]
async fn one_connection_takes_many_requests() {
    let server = TestServer::start().await;
    let otlp = server.addresses().otlp_http.unwrap();
    let mut all = Vec::new();
    for last in [false, true] {
        let body = two_spans();
        let close = if last { "connection: close\r\n" } else { "" };
        all.extend_from_slice(
            format!(
                "POST /v1/traces HTTP/1.1\r\nhost: {otlp}\r\ncontent-type: application/x-protobuf\r\n{close}content-length: \
                 {}\r\n\r\n",
                body.len()
            )
            .as_bytes(),
        );
        all.extend_from_slice(&body);
    }
    let answers = server.say_to(otlp, &all).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    server.stop().await;
}

#[tokio::test]
async fn without_an_address_nothing_listens() {
    let server = TestServer::start_with(|settings| settings.otlp_http = None).await;
    assert_eq!(server.addresses().otlp_http, None);
    server.stop().await;
}
