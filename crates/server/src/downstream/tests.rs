//! Against real listeners on loopback.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use fluoro_gateway::BodyError;
use hyper::body::Frame;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::body;

/// A server that answers with what it was asked: method, target and headers as JSON in a header, the body as it came.
async fn mirror() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|request: Request<hyper::body::Incoming>| async {
                let (head, body) = request.into_parts();
                let headers: serde_json::Map<String, Value> = head
                    .headers
                    .iter()
                    .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
                    .collect();
                let seen = serde_json::json!({
                    "method": head.method.as_str(), "target": head.uri.to_string(), "headers": headers,
                });
                Response::builder()
                    .status(202)
                    .header("x-seen", seen.to_string())
                    .header("keep-alive", "timeout=5")
                    .body(body)
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    address
}

/// A server that sends these bytes to whoever connects and then keeps still.
async fn says(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1024];
                // However much of it: nobody looks at it.
                let _read = stream.read(&mut request).await.unwrap();
                stream.write_all(bytes).await.unwrap();
                std::future::pending::<()>().await;
            });
        }
    });
    address
}

fn downstream(service: &str, address: &str) -> Downstream {
    let address = address.parse().unwrap();
    Downstream::new(
        Ambient::system(),
        BTreeMap::from([(service.to_owned(), address)]),
        Room::new(0),
    )
}

fn call(service: &str, request: http::request::Builder, body: Body) -> Forwarded {
    Forwarded {
        head: request.body(()).unwrap().into_parts().0,
        body,
        service: service.to_owned(),
        region: Region("us-east-1".into()),
        request_id: "id-1".to_owned(),
    }
}

async fn read(response: Response<Body>) -> Result<String, BodyError> {
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn a_call_goes_on_untouched() {
    let downstream = downstream("dynamodb", &format!("http://{}", mirror().await));
    let request = Request::post("/path%20x?q=%2F")
        .header("host", "127.0.0.1:4566")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=AKID")
        .header("x-amz-target", "DynamoDB_20120810.GetItem")
        .header(
            "x-amzn-trace-id",
            "Root=1-5759e988-bd862e3fe1be46a994272793",
        )
        .header("connection", "close, x-hop")
        .header("x-hop", "1");
    let response = downstream
        .forward(call("dynamodb", request, body::whole("{}")))
        .await;
    assert_eq!(response.status(), 202);
    assert!(!response.headers().contains_key("keep-alive"));
    let seen: Value = serde_json::from_slice(response.headers()["x-seen"].as_bytes()).unwrap();
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["target"], "/path%20x?q=%2F");
    assert_eq!(seen["headers"]["host"], "127.0.0.1:4566");
    assert_eq!(seen["headers"]["x-amz-target"], "DynamoDB_20120810.GetItem");
    assert_eq!(
        seen["headers"]["x-amzn-trace-id"],
        "Root=1-5759e988-bd862e3fe1be46a994272793"
    );
    assert_eq!(seen["headers"].get("x-hop"), None);
    assert_eq!(read(response).await.unwrap(), "{}");
}

#[tokio::test]
async fn an_address_may_have_a_path() {
    let downstream = downstream("s3", &format!("http://{}/base/", mirror().await));
    let response = downstream
        .forward(call("s3", Request::get("/b/k?x"), body::whole("")))
        .await;
    let seen: Value = serde_json::from_slice(response.headers()["x-seen"].as_bytes()).unwrap();
    assert_eq!(seen["target"], "/base/b/k?x");
}

#[tokio::test]
async fn bodies_are_streamed_both_ways() {
    let downstream = downstream("s3", &format!("http://{}", mirror().await));
    let (pieces, queue) = mpsc::channel(1);
    let call = call("s3", Request::put("/b/k"), Pieces(queue).boxed_unsync());
    pieces.send("first").await.unwrap();
    let mut answer = downstream.forward(call).await.into_body();
    let first = answer.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(
        first, "first",
        "the answer begins while the request still goes on"
    );
    pieces.send("second").await.unwrap();
    drop(pieces);
    assert_eq!(answer.collect().await.unwrap().to_bytes(), "second");
}

#[tokio::test]
async fn without_an_address_the_setting_to_add_is_named() {
    let downstream = downstream("dynamodb", "http://127.0.0.1:1");
    let json = Request::post("/").header("x-amz-target", "AmazonSQS.SendMessage");
    let response = downstream.forward(call("sqs", json, body::whole(""))).await;
    assert_eq!(response.status(), 501);
    assert_eq!(
        response.headers()["content-type"],
        "application/x-amz-json-1.0"
    );
    assert_eq!(response.headers()["x-amzn-requestid"], "id-1");
    let told: Value = serde_json::from_str(&read(response).await.unwrap()).unwrap();
    assert_eq!(told["__type"], "ServiceNotConfigured");
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("[downstream] sqs = \"http://HOST:PORT\""),
        "{message}"
    );
    assert!(
        message.contains("--downstream sqs=http://HOST:PORT"),
        "{message}"
    );
}

#[tokio::test]
async fn every_protocol_has_its_own_shape() {
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let cases = [
        (
            "kinesis",
            "x-amz-target",
            "Kinesis_20131202.PutRecord",
            "{\"__type\":\"ServiceNotConfigured\"",
        ),
        (
            "sns",
            "content-type",
            form,
            "<ErrorResponse xmlns=\"\"><Error><Type>Receiver</Type><Code>ServiceNotConfigured</Code>",
        ),
        (
            "ec2",
            "content-type",
            form,
            "<Response><Errors><Error><Code>ServiceNotConfigured</Code>",
        ),
        (
            "s3",
            "x-amz-content-sha256",
            "UNSIGNED-PAYLOAD",
            "<Error><Code>ServiceNotConfigured</Code>",
        ),
        (
            "route53",
            "accept",
            "*/*",
            "<ErrorResponse xmlns=\"\"><Error>",
        ),
        (
            "batch",
            "content-type",
            "application/json",
            "{\"message\":\"service",
        ),
    ];
    for (service, name, value, beginning) in cases {
        let request = Request::post("/").header(name, value);
        let nowhere = Downstream::new(Ambient::system(), BTreeMap::new(), Room::new(0));
        let response = nowhere
            .forward(call(service, request, body::whole("")))
            .await;
        assert_eq!(response.status(), 501, "{service}");
        let told = read(response).await.unwrap();
        assert!(told.starts_with(beginning), "{service}: {told}");
    }
}

#[tokio::test]
async fn cbor_is_answered_in_cbor() {
    let request = Request::post("/service/GraniteServiceVersion20100801/operation/PutMetricData")
        .header("smithy-protocol", "rpc-v2-cbor");
    let nowhere = Downstream::new(Ambient::system(), BTreeMap::new(), Room::new(0));
    let response = nowhere
        .forward(call("monitoring", request, body::whole("")))
        .await;
    assert_eq!(response.headers()["smithy-protocol"], "rpc-v2-cbor");
    assert_eq!(
        response.headers()["x-amzn-errortype"],
        "ServiceNotConfigured"
    );
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert!(bytes.starts_with(b"\xa2\x66__type\x74ServiceNotConfigured\x67message\x78"));
}

#[tokio::test]
async fn nobody_there_is_said_with_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let downstream = downstream("dynamodb", &format!("http://{address}"));
    let request = Request::post("/").header("x-amz-target", "DynamoDB_20120810.GetItem");
    let response = downstream
        .forward(call("dynamodb", request, body::whole("")))
        .await;
    assert_eq!(response.status(), 503);
    let told = read(response).await.unwrap();
    assert!(
        told.contains(&format!("failed to reach dynamodb at {address}")),
        "{told}"
    );
    assert!(told.contains("refused"), "{told}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let mut downstream = downstream("s3", &format!("http://{}", says(b"").await));
    downstream.patience.head = Duration::from_millis(50);
    let response = downstream
        .forward(call("s3", Request::get("/"), body::whole("")))
        .await;
    assert_eq!(response.status(), 504);
    assert!(
        read(response)
            .await
            .unwrap()
            .contains("<Code>RequestTimeout</Code>")
    );
}

#[tokio::test]
async fn an_answer_that_stands_still_ends_in_an_error() {
    let half = says(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    let mut downstream = downstream("s3", &format!("http://{half}"));
    downstream.patience.standstill = Duration::from_millis(50);
    let response = downstream
        .forward(call("s3", Request::get("/"), body::whole("")))
        .await;
    assert_eq!(response.status(), 200);
    assert!(
        read(response)
            .await
            .unwrap_err()
            .to_string()
            .contains("stood still")
    );
}

#[tokio::test]
async fn a_call_holds_its_turn_until_its_answer_ends() {
    let mut downstream = downstream("s3", &format!("http://{}", mirror().await));
    downstream.turns = Arc::new(Semaphore::new(1));
    downstream.patience.turn = Duration::from_millis(50);
    let first = downstream
        .forward(call("s3", Request::put("/"), body::whole("x")))
        .await;
    let second = downstream
        .forward(call("s3", Request::get("/"), body::whole("")))
        .await;
    assert_eq!(second.status(), 503);
    assert_eq!(read(first).await.unwrap(), "x");
    let third = downstream
        .forward(call("s3", Request::get("/"), body::whole("")))
        .await;
    assert_eq!(third.status(), 202);
}

#[test]
fn addresses_are_urls_or_aws() {
    for text in [
        "aws",
        "http://127.0.0.1:8000/",
        "https://localhost:4567/base",
    ] {
        assert_eq!(text.parse::<DownstreamAddress>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "127.0.0.1:8000",
        "ftp://host/",
        "http://",
        "/path",
        "http://h/?q",
    ] {
        assert!(text.parse::<DownstreamAddress>().is_err(), "{text}");
    }
}

/// A body whose pieces come from a queue.
struct Pieces(mpsc::Receiver<&'static str>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let next = self.0.poll_recv(context);
        next.map(|piece| piece.map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
    }
}
