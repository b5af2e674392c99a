//! HTTP_PROXY against a real server on this machine.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use fluoro_gateway::management::{NewIntegration, NewRestApi, RequestedKind};
use fluoro_gateway::{GatewaySettings, IntegrationNode, PAYLOAD_LIMIT};
use http::{Response, request};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::json;
use tokio::net::TcpListener;

use crate::world::{Request, World, mock};

/// A server that remembers its requests and answers all alike.
struct Backend {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<(request::Parts, Bytes)>>>,
}

impl Backend {
    async fn start(answer: impl Fn() -> Response<Full<Bytes>> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let keep = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (keep, answer) = (Arc::clone(&keep), Arc::clone(&answer));
                let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let (keep, answer) = (Arc::clone(&keep), Arc::clone(&answer));
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await?.to_bytes();
                        keep.lock().push((head, body));
                        Ok::<_, hyper::Error>(answer())
                    }
                });
                let serving = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(connection), service);
                tokio::spawn(serving);
            }
        });
        Self { address, seen }
    }
}

fn ok() -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from_static(b"{}")))
}

fn http(uri: String) -> NewIntegration {
    NewIntegration {
        kind: RequestedKind::HttpProxy,
        http_method: Some("POST".to_owned()),
        uri: Some(uri),
        request_templates: Default::default(),
        ..mock("")
    }
}

#[tokio::test]
async fn method_query_headers_and_body_go_on() {
    let backend = Backend::start(ok).await;
    let world = World::new().await;
    let uri = format!("http://{}/target?own=0", backend.address);
    world.integrate("PUT", "/p", http(uri)).await;
    world.deploy(false).await;
    let request = Request::new("PUT", "/p?a=1%202")
        .header("content-type", "application/json")
        .header("accept", "application/xml")
        .header("connection", "x-hop")
        .header("x-hop", "gone")
        .header("content-encoding", "gone")
        .header("x-mine", "yes")
        .body("hello");
    let answer = world.send(request).await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (200, &b"{}"[..]));
    let seen = backend.seen.lock();
    let (head, body) = &seen[0];
    assert_eq!(
        (head.method.as_str(), &*head.uri.to_string()),
        ("POST", "/target?own=0&a=1%202")
    );
    assert_eq!(body, "hello");
    let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap());
    for (name, value) in [
        ("content-type", Some("application/json")),
        ("accept", Some("application/xml")),
        ("x-mine", Some("yes")),
        ("x-hop", None),
        ("content-encoding", None),
        ("x-amzn-apigateway-api-id", Some(&*world.api.id)),
        (
            "user-agent",
            Some(&*format!("AmazonAPIGateway_{}", world.api.id)),
        ),
        ("x-forwarded-for", Some("192.0.2.7")),
        ("host", Some(&*backend.address.to_string())),
    ] {
        assert_eq!(header(name), value, "{name}");
    }
    let trace = header("x-amzn-trace-id").unwrap();
    assert!(
        trace.starts_with("Root=1-") && trace.ends_with(";Sampled=0"),
        "{trace}"
    );
}

#[tokio::test]
async fn an_answer_comes_back_with_its_reserved_headers_renamed() {
    let backend = Backend::start(|| {
        Response::builder()
            .status(409)
            .header("content-type", "text/plain")
            .header("x-back", "yes")
            .header("server", "backend/1")
            .header("date", "Thu, 01 Jan 2026 00:00:00 GMT")
            .header("x-amzn-requestid", "its-own")
            .body(Full::new(Bytes::from_static(b"taken")))
            .unwrap()
    })
    .await;
    let world = World::new().await;
    world
        .integrate("GET", "/p", http(format!("http://{}", backend.address)))
        .await;
    world.deploy(true).await;
    let answer = world.send(Request::get("/p")).await;
    assert_eq!(
        (answer.status.as_u16(), &*answer.body),
        (409, &b"taken"[..])
    );
    for (name, value) in [
        ("content-type", "text/plain"),
        ("x-back", "yes"),
        ("x-amzn-remapped-server", "backend/1"),
        ("x-amzn-remapped-date", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ("x-amzn-remapped-x-amzn-requestid", "its-own"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(answer.header("x-amzn-trace-id"), None);
    assert_eq!(answer.header("x-amzn-requestid").unwrap().len(), 36);
    let call = &world.sink.only()["subsegments"][0];
    assert_eq!(call["namespace"], "remote");
    assert_eq!(call["name"], format!("{}/", backend.address));
    assert_eq!(
        call["http"],
        json!({
            "request": {"url": format!("http://{}/", backend.address), "method": "POST"},
            "response": {"status": 409, "content_length": 5},
        })
    );
    assert_eq!(call["error"], true);
}

#[tokio::test]
async fn a_sampled_call_tells_its_subsegment_to_the_backend() {
    let backend = Backend::start(ok).await;
    let settings = GatewaySettings {
        http_integration_node: IntegrationNode::Host,
        ..GatewaySettings::default()
    };
    let world = World::with(settings, NewRestApi::default()).await;
    let uri = format!("http://{}/some/path", backend.address);
    world.integrate("GET", "/p", http(uri)).await;
    world.deploy(true).await;
    world.send(Request::get("/p")).await;
    let segment = world.sink.only();
    let call = &segment["subsegments"][0];
    assert_eq!(call["name"], backend.address.to_string());
    let wanted = format!(
        "Root={};Parent={};Sampled=1",
        segment["trace_id"].as_str().unwrap(),
        call["id"].as_str().unwrap()
    );
    assert_eq!(backend.seen.lock()[0].0.headers["x-amzn-trace-id"], wanted);
}

#[tokio::test]
async fn parameters_are_mapped_into_path_query_and_headers() {
    let backend = Backend::start(ok).await;
    let world = World::new().await;
    let parameters = [
        ("integration.request.path.rest", "method.request.path.proxy"),
        (
            "integration.request.querystring.search",
            "method.request.querystring.q",
        ),
        (
            "integration.request.header.X-Auth",
            "method.request.header.X-Token",
        ),
        ("integration.request.header.X-Stage", "context.stage"),
        ("integration.request.header.X-Fixed", "'always'"),
        (
            "integration.request.header.X-None",
            "method.request.header.X-Missing",
        ),
    ];
    let parameters = parameters.map(|(to, from)| (to.to_owned(), from.to_owned()));
    let integration = NewIntegration {
        request_parameters: parameters.into(),
        http_method: Some("ANY".to_owned()),
        ..http(format!(
            "http://{}/stock/{{rest}}/{{kept}}",
            backend.address
        ))
    };
    world.integrate("ANY", "/items/{proxy+}", integration).await;
    world.deploy(false).await;
    let request = Request::new("DELETE", "/items/a%2Fb/c?q=red%20hat").header("x-token", "s3");
    assert_eq!(world.send(request).await.status, 200);
    let seen = backend.seen.lock();
    let head = &seen[0].0;
    assert_eq!(head.method, "DELETE");
    assert_eq!(
        head.uri.to_string(),
        "/stock/a%2Fb/c/{kept}?q=red%20hat&search=red%20hat"
    );
    assert_eq!(head.headers["x-auth"], "s3");
    assert_eq!(head.headers["x-stage"], "dev");
    assert_eq!(head.headers["x-fixed"], "always");
    assert!(!head.headers.contains_key("x-none"));
}

#[tokio::test]
async fn a_header_that_is_the_gateways_own_cannot_be_mapped() {
    for name in ["X-Amzn-Trace-Id", "Content-Length", "Transfer-Encoding"] {
        let world = World::new().await;
        let parameter = (
            format!("integration.request.header.{name}"),
            "'x'".to_owned(),
        );
        let integration = NewIntegration {
            request_parameters: [parameter].into(),
            ..http("http://127.0.0.1:9".to_owned())
        };
        world.integrate("GET", "/p", integration).await;
        world.deploy(false).await;
        let answer = world.send(Request::get("/p")).await;
        assert_eq!(answer.status, 500, "{name}");
        assert_eq!(answer.json(), json!({"message": "Internal server error"}));
    }
}

#[tokio::test]
async fn a_backend_that_cannot_be_reached_is_an_integration_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let world = World::new().await;
    world
        .integrate("GET", "/p", http(format!("http://{address}/none")))
        .await;
    world.deploy(true).await;
    let answer = world.send(Request::get("/p")).await;
    assert_eq!(answer.status, 504);
    assert_eq!(answer.json(), json!({"message": "Internal server error"}));
    let segment = world.sink.only();
    assert_eq!(segment["subsegments"][0]["fault"], true);
    assert_eq!(segment["subsegments"][0]["http"]["response"], json!(null));
}

#[tokio::test]
async fn a_backend_that_is_silent_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let world = World::new().await;
    let integration = NewIntegration {
        timeout_ms: Some(50),
        ..http(format!("http://{address}"))
    };
    world.integrate("GET", "/p", integration).await;
    world.deploy(false).await;
    let answer = world.send(Request::get("/p")).await;
    assert_eq!(answer.status, 504);
    assert_eq!(
        answer.json(),
        json!({"message": "Endpoint request timed out"})
    );
}

#[tokio::test]
async fn an_answer_beyond_ten_megabytes_is_not_handed_on() {
    let backend =
        Backend::start(|| Response::new(Full::new(vec![b'x'; PAYLOAD_LIMIT + 1].into()))).await;
    let world = World::new().await;
    world
        .integrate("GET", "/p", http(format!("http://{}", backend.address)))
        .await;
    world.deploy(false).await;
    assert_eq!(world.send(Request::get("/p")).await.status, 500);
}
