//! What does not fit is answered in shape, and nothing else suffers.

use std::fs;

use fluoro_server::{DataDirError, ListenError, StartError};
use fluoro_testkit::TestServer;
use http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn malformed_json_is_the_services_own_error() {
    let server = TestServer::start().await;
    let xray = server
        .ask(Method::POST, "/TraceSegments")
        .body("{")
        .signed("xray");
    let answer = xray.send().await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.header("x-amzn-errortype"), "SerializationException");
    let gateway = server
        .ask(Method::POST, "/restapis")
        .body("{")
        .signed("apigateway");
    assert_eq!(gateway.send().await.status, StatusCode::BAD_REQUEST);
    server.stop().await;
}

#[tokio::test]
async fn unknown_operations_say_so() {
    let server = TestServer::start().await;
    let answer = server
        .get("/?Action=GetNonsense&Version=2010-05-08")
        .send()
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text().contains("InvalidAction"), "{}", answer.text());
    let answer = server.get("/nonsense").signed("apigateway").send().await;
    assert!(answer.status.is_client_error(), "{}", answer.text());
    server.stop().await;
}

#[tokio::test]
async fn a_body_too_long_is_refused_before_it_is_sent() {
    let server = TestServer::start().await;
    let head = "POST /TraceSegments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n";
    let answer = server.say(head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(!answer.contains("100 Continue"), "{answer}");
    assert!(
        answer.contains("RequestEntityTooLargeException"),
        "{answer}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_body_too_long_is_refused_when_it_did_not_say_so() {
    let server = TestServer::start().await;
    let mut request =
        b"POST /TraceSegments HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec();
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..17 {
        request.extend_from_slice(b"100000\r\n");
        request.extend_from_slice(&chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    let answer = server.say(&request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn expected_bodies_are_asked_for() {
    let server = TestServer::start().await;
    let request = "POST /GetSamplingRules HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\
                   Expect: 100-continue\r\nConnection: close\r\n\r\n{}";
    let answer = server.say(request.as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"),
        "{answer}"
    );
    server.stop().await;
}

#[tokio::test]
async fn headers_too_long_are_refused_in_shape() {
    let server = TestServer::start().await;
    let long = "a".repeat(66_000);
    let answer = server.get("/restapis").header("x-long", &long).send().await;
    assert_eq!(answer.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(
        answer.header("x-amzn-errortype"),
        "RequestHeaderFieldsTooLarge"
    );

    let endless = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}",
        "a".repeat(200_000)
    );
    let answer = server.say(endless.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_http_is_closed_cleanly() {
    let server = TestServer::start().await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\n header: continued\r\n\r\n",
    ] {
        let answer = server.say(bytes).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
            "{answer}"
        );
    }
    let health = server
        .get("/_fluoro/health")
        .send()
        .await
        .expect(StatusCode::OK);
    assert_eq!(health["status"], "ok");
    server.stop().await;
}

#[tokio::test]
async fn a_port_in_use_names_the_setting() {
    let server = TestServer::start().await;
    let (listen, daemon) = (server.addresses().listen, server.addresses().daemon);
    let data = tempfile::tempdir().unwrap();
    let error = TestServer::try_start(data.path(), |settings| settings.listen = listen).await;
    let error = error.unwrap_err();
    assert!(
        matches!(
            error,
            StartError::Listen(ListenError::InUse { key: "listen", .. })
        ),
        "{error}"
    );
    let error = TestServer::try_start(data.path(), |settings| settings.daemon = daemon).await;
    assert!(error.unwrap_err().to_string().contains("--daemon"));
    server.stop().await;
}

#[tokio::test]
async fn a_data_directory_of_somebody_else_is_left_alone() {
    let server = TestServer::start().await;
    let error = TestServer::try_start(server.data(), |_| {})
        .await
        .unwrap_err();
    assert!(
        matches!(error, StartError::DataDir(DataDirError::InUse(_))),
        "{error}"
    );
    server.stop().await;

    let newer = tempfile::tempdir().unwrap();
    fs::write(newer.path().join("VERSION"), "999\n").unwrap();
    let error = TestServer::try_start(newer.path(), |_| {})
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            StartError::DataDir(DataDirError::Newer { found: 999, .. })
        ),
        "{error}"
    );
}

#[tokio::test]
async fn stacks_are_kept_whole_or_refused() {
    let server = TestServer::start().await;
    let record = json!({ "resources": [1, 2] });
    let put = |name: &str| server.ask(Method::PUT, &format!("/_fluoro/stacks/{name}"));
    let get = |name: &str| server.get(&format!("/_fluoro/stacks/{name}"));
    assert_eq!(
        get("shop").send().await.expect(StatusCode::NOT_FOUND)["error"]["code"],
        "NotFound"
    );
    assert_eq!(
        put("shop").json(&record).send().await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        put("shop").body("{").send().await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        put("9").json(&record).send().await.status,
        StatusCode::BAD_REQUEST
    );
    let long = json!("x".repeat(300_000));
    assert_eq!(
        put("shop").json(&long).send().await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );

    let server = server.restart().await;
    let get = |path: &str| server.get(&format!("/_fluoro/stacks{path}"));
    assert_eq!(get("/shop").send().await.expect(StatusCode::OK), record);
    assert_eq!(
        get("").send().await.expect(StatusCode::OK),
        json!({ "stacks": { "shop": record } })
    );
    let delete = || server.ask(Method::DELETE, "/_fluoro/stacks/shop").send();
    assert_eq!(delete().await.status, StatusCode::NO_CONTENT);
    assert_eq!(delete().await.status, StatusCode::NOT_FOUND);
    server.stop().await;
}
