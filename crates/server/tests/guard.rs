//! What a browser may make of us, over real connections.

use fluoro_testkit::{Ask, TestServer};
use http::{Method, StatusCode};

async fn status(ask: Ask) -> StatusCode {
    ask.send().await.status
}

#[tokio::test]
async fn pages_from_elsewhere_reach_no_management_operation() {
    let server =
        TestServer::start_with(|settings| settings.hosts = vec!["fluoro".to_owned()]).await;
    for (name, value) in [
        ("origin", "http://evil.test"),
        ("origin", "null"),
        ("host", "rebound.evil.test:4566"),
        ("sec-fetch-site", "cross-site"),
    ] {
        for ask in [
            server.get("/restapis"),
            server.get("/_fluoro/doctor"),
            server.ask(Method::POST, "/TraceSegments").body("{}"),
            server.get("/?Action=ListRoles&Version=2010-05-08"),
            server
                .ask(Method::POST, "/2015-03-31/functions")
                .signed("lambda"),
            server.ask(Method::OPTIONS, "/restapis"),
            server.ask_daemon("/GetSamplingRules", "{}"),
        ] {
            let ask = ask.header(name, value);
            let shown = format!("{ask:?}");
            let answer = ask.send().await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{shown}");
            assert_eq!(answer.header("access-control-allow-origin"), "", "{shown}");
        }
    }
    assert_eq!(
        status(server.get("/restapis").header("host", "fluoro:1")).await,
        StatusCode::OK
    );
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let server = TestServer::start().await;
    let answer = server
        .get("/restapis")
        .header("host", "fluoro")
        .send()
        .await;
    assert!(answer.text().contains("hosts"), "{}", answer.text());
    assert_eq!(answer.header("x-amzn-errortype"), "AccessDeniedException");
    server.stop().await;
}

#[tokio::test]
async fn stages_are_open_to_every_page() {
    let server = TestServer::start().await;
    for ask in [
        server.get("/_aws/execute-api/abc/dev/x"),
        server
            .get("/dev/x")
            .header("host", "abc.execute-api.us-east-1.amazonaws.com"),
    ] {
        // The gateway's own words for a stage that is not there, not the guard's.
        let answer = ask.header("origin", "https://shop.test").send().await;
        assert_eq!(answer.header("x-amzn-errortype"), "ForbiddenException");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_a_stage_by_path_is_not_of_our_origin() {
    let server = TestServer::start().await;
    let policy = async |ask: Ask| {
        let answer = ask.send().await;
        answer.header("content-security-policy").to_owned()
    };
    let by_path = "/_aws/execute-api/abc/dev/x";
    for shown_as in ["document", "iframe", "frame", "embed", "object"] {
        let ask = server.get(by_path).header("sec-fetch-dest", shown_as);
        assert!(policy(ask).await.starts_with("sandbox "), "{shown_as}");
    }
    let page = ("accept", "text/html,*/*;q=0.8");
    for path in [by_path, "/restapis/abc/dev/_user_request_/x"] {
        let untrusted = server.get(path).header(page.0, page.1);
        assert!(policy(untrusted).await.starts_with("sandbox "), "{path}");
    }
    for other in [
        server.get(by_path),
        server
            .get(by_path)
            .header(page.0, page.1)
            .header("sec-fetch-dest", "empty"),
        server
            .get("/dev/x")
            .header("host", "abc.execute-api.localhost")
            .header("sec-fetch-dest", "document"),
    ] {
        assert_eq!(policy(other).await, "");
    }
    server.stop().await;
}

#[tokio::test]
async fn our_own_origin_may_ask() {
    let server = TestServer::start().await;
    let origin = server.addresses().endpoint.clone();
    let asked = server.get("/_fluoro/doctor").header("origin", &origin);
    assert_eq!(status(asked).await, StatusCode::OK);
    server.stop().await;
}

#[tokio::test]
async fn a_link_of_another_site_opens_the_console_and_nothing_else() {
    let server = TestServer::start().await;
    let followed = |path: &str| {
        server
            .get(path)
            .header("accept", "text/html")
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
    };
    assert_eq!(
        status(followed("/_fluoro/console/traces")).await,
        StatusCode::OK
    );
    assert_eq!(status(followed("/")).await, StatusCode::FOUND);
    for refused in [
        followed("/_fluoro/console/traces").header("host", "rebound.evil.test:4566"),
        followed("/_fluoro/doctor"),
        followed("/restapis"),
        followed("/?Action=GetCallerIdentity&Version=2011-06-15"),
        followed("/?X-Amz-Credential=a%2F20260101%2Fus-east-1%2Fsts%2Faws4_request"),
        server
            .get("/_fluoro/console/")
            .header("sec-fetch-site", "cross-site"),
    ] {
        assert_eq!(status(refused).await, StatusCode::FORBIDDEN);
    }
    server.stop().await;
}
