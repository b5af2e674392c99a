//! The Runtime API, asked over HTTP as a runtime asks it.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Event, Posted, RuntimeApi, Started};

struct Runtime {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Runtime {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self {
            sender,
            host: address.to_string(),
        }
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: &str,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let answer = self.sender.send_request(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn post(&mut self, path: &str, body: &str) -> (StatusCode, Value) {
        self.ask(
            Method::POST,
            &format!("/2018-06-01/runtime/{path}"),
            &[],
            body,
        )
        .await
    }

    async fn next(&mut self) -> (StatusCode, Value) {
        self.ask(Method::GET, "/2018-06-01/runtime/invocation/next", &[], "")
            .await
    }
}

async fn api() -> (RuntimeApi, Runtime) {
    let api = RuntimeApi::open(Ambient::system()).await.unwrap();
    let runtime = Runtime::connect(api.address()).await;
    (api, runtime)
}

fn event(id: &str) -> Arc<Event> {
    let mut headers = HeaderMap::new();
    headers.insert(
        "lambda-runtime-aws-request-id",
        HeaderValue::from_str(id).unwrap(),
    );
    Arc::new(Event {
        request_id: id.into(),
        headers,
        payload: Bytes::from_static(b"{\"a\" : 1}"),
    })
}

/// Asks for an event and gets `r1`.
async fn running(api: &RuntimeApi, runtime: &mut Runtime) {
    let ready = async {
        api.started().await;
        api.release(event("r1"));
    };
    let ((), (status, body)) = tokio::join!(ready, runtime.next());
    assert_eq!((status, body), (StatusCode::OK, json!({ "a": 1 })));
}

fn ok() -> (StatusCode, Value) {
    (StatusCode::ACCEPTED, json!({ "status": "OK" }))
}

fn forbidden(from: &str, to: &str) -> (StatusCode, Value) {
    let message = format!(
        "State transition from {from} to {to} failed for runtime. Error: State transition is not allowed"
    );
    let body = json!({ "errorMessage": message, "errorType": "InvalidStateTransition" });
    (StatusCode::FORBIDDEN, body)
}

fn wrong_id() -> (StatusCode, Value) {
    let body = json!({ "errorMessage": "Invalid request ID", "errorType": "InvalidRequestID" });
    (StatusCode::BAD_REQUEST, body)
}

#[tokio::test]
async fn an_event_is_answered_once() {
    let (api, mut runtime) = api().await;
    running(&api, &mut runtime).await;
    assert_eq!(
        runtime.post("invocation/r2/response", "1").await,
        wrong_id()
    );
    assert_eq!(runtime.post("invocation/r1/response", "1").await, ok());
    assert_eq!(
        api.answered().await.posted,
        Posted::Response(Bytes::from_static(b"1"))
    );
    let again = runtime.post("invocation/r1/response", "2").await;
    assert_eq!(
        again,
        forbidden("RuntimeResponseSentState", "InvocationResponse")
    );
    let error = runtime.post("invocation/r1/error", "{}").await;
    assert_eq!(
        error,
        forbidden("RuntimeResponseSentState", "InvocationErrorResponse")
    );
    let init = runtime.post("init/error", "{}").await;
    assert_eq!(init, forbidden("RuntimeResponseSentState", "InitError"));
}

#[tokio::test]
async fn nothing_is_answered_before_it_was_asked_for() {
    let (_api, mut runtime) = api().await;
    assert_eq!(
        runtime.post("invocation/r1/response", "1").await,
        wrong_id()
    );
}

#[tokio::test]
async fn a_second_request_gets_the_same_event_again() {
    let (api, mut runtime) = api().await;
    running(&api, &mut runtime).await;
    assert_eq!(runtime.next().await, (StatusCode::OK, json!({ "a": 1 })));
}

#[tokio::test]
async fn a_start_may_fail_once() {
    let (api, mut runtime) = api().await;
    assert_eq!(
        runtime.post("init/error", r#"{"errorType":"E"}"#).await,
        ok()
    );
    let Started::Failed(error) = api.started().await else {
        panic!("the start has failed");
    };
    assert_eq!(error.payload, r#"{"errorType":"E"}"#);
    assert_eq!(runtime.next().await, forbidden("InitError", "Ready"));
}

#[tokio::test]
async fn a_cause_of_a_megabyte_comes_in_a_header() {
    let (api, mut runtime) = api().await;
    running(&api, &mut runtime).await;
    let cause = format!(r#"{{"message":"{}"}}"#, "x".repeat(1024 * 1024 - 100));
    let headers = [
        ("lambda-runtime-function-xray-error-cause", cause.clone()),
        (
            "lambda-runtime-function-error-type",
            "Shop.Empty".to_owned(),
        ),
    ];
    let path = "/2018-06-01/runtime/invocation/r1/error";
    assert_eq!(runtime.ask(Method::POST, path, &headers, "{}").await, ok());
    let Posted::Error(error) = api.answered().await.posted else {
        panic!("an error was posted");
    };
    assert_eq!(error.cause.unwrap(), cause);
    assert_eq!(error.kind.unwrap(), "Shop.Empty");
}

#[tokio::test]
async fn a_cause_may_be_in_the_body() {
    let (api, mut runtime) = api().await;
    running(&api, &mut runtime).await;
    let headers = [(
        "content-type",
        "application/vnd.aws.lambda.error.cause+json".to_owned(),
    )];
    let body = r#"{"errorMessage":"m","errorType":"T","cause":{"message":"deep"}}"#;
    let path = "/2018-06-01/runtime/invocation/r1/error";
    assert_eq!(runtime.ask(Method::POST, path, &headers, body).await, ok());
    let Posted::Error(error) = api.answered().await.posted else {
        panic!("an error was posted");
    };
    assert_eq!(error.payload, r#"{"errorMessage":"m","errorType":"T"}"#);
    assert_eq!(error.cause.unwrap(), r#"{"message":"deep"}"#);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_and_told() {
    let (api, mut runtime) = api().await;
    running(&api, &mut runtime).await;
    let body = "x".repeat(super::RESPONSE_LIMIT + 1);
    let (status, error) = runtime.post("invocation/r1/response", &body).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        error["errorMessage"],
        "Exceeded maximum allowed payload size (6291556 bytes)."
    );
    assert_eq!(api.answered().await.posted, Posted::TooLarge);
}

#[tokio::test]
async fn a_client_that_waits_before_it_sends_is_told_to_go_on() {
    let (api, mut runtime) = api().await;
    running(&api, &mut runtime).await;
    let mut stream = TcpStream::connect(api.address()).await.unwrap();
    let head = format!(
        "POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1\r\nHost: {}\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
        api.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"3\r\n[1]\r\n0\r\n\r\n").await.unwrap();
    assert_eq!(
        api.answered().await.posted,
        Posted::Response(Bytes::from_static(b"[1]"))
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_may_be_given_again() {
    let (api, mut runtime) = api().await;
    running(&api, &mut runtime).await;
    let mut stream = TcpStream::connect(api.address()).await.unwrap();
    let head = format!(
        "POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1\r\nHost: {}\r\nContent-Length: 100\r\n\r\n[1",
        api.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The first byte of a refusal, or the end: either way the broken answer was noticed.
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(runtime.post("invocation/r1/response", "2").await, ok());
    assert_eq!(
        api.answered().await.posted,
        Posted::Response(Bytes::from_static(b"2"))
    );
}

#[tokio::test]
async fn what_is_not_supported_says_so() {
    let (api, mut runtime) = api().await;
    let (status, error) = runtime
        .ask(Method::POST, "/2020-01-01/extension/register", &[], "{}")
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .contains("extensions are not supported")
    );
    running(&api, &mut runtime).await;
    let headers = [(
        "lambda-runtime-function-response-mode",
        "streaming".to_owned(),
    )];
    let path = "/2018-06-01/runtime/invocation/r1/response";
    let (status, _) = runtime.ask(Method::POST, path, &headers, "1").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(runtime.post("invocation/r1/response", "1").await, ok());
}

#[tokio::test]
async fn a_web_page_is_refused() {
    let (api, mut runtime) = api().await;
    let path = "/2018-06-01/runtime/init/error";
    let marks = [
        ("origin", "http://example.test"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ];
    for (name, value) in marks {
        let headers = [(name, value.to_owned())];
        let (status, _) = runtime.ask(Method::POST, path, &headers, "{}").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    // A name that was made to point here.
    runtime.host = format!("example.test:{}", api.address().port());
    let next = runtime.next().await;
    assert_eq!(next.0, StatusCode::FORBIDDEN);
    assert!(api.init_error().is_none());
}
