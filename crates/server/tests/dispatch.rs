//! Who answers what, over real connections.

use fluoro_testkit::TestServer;
use http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn every_way_in_leads_to_its_service() {
    let server = TestServer::start().await;

    let identity = "Action=GetCallerIdentity&Version=2011-06-15";
    let form = ("content-type", "application/x-www-form-urlencoded");
    for ask in [
        server.get(&format!("/?{identity}")),
        server
            .ask(Method::POST, "/")
            .header(form.0, form.1)
            .body(identity),
        server
            .ask(Method::POST, "/")
            .header(form.0, form.1)
            .body(identity)
            .signed("sts"),
    ] {
        let answer = ask.send().await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert!(answer.text().contains("arn:aws:iam::000000000000:root"));
    }

    for ask in [
        server.post("/GetSamplingRules", &json!({})),
        server.xray("/GetSamplingRules", &json!({})),
        server.ask_daemon("/GetSamplingRules", "{}"),
    ] {
        let rules = ask.send().await.expect(StatusCode::OK);
        assert_eq!(
            rules["SamplingRuleRecords"][0]["SamplingRule"]["RuleName"],
            "Default"
        );
    }

    for ask in [
        server.get("/restapis"),
        server.get("/restapis").signed("apigateway"),
    ] {
        assert_eq!(
            ask.send().await.expect(StatusCode::OK),
            json!({ "item": [] })
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn stages_are_found_by_host_and_by_path() {
    let server = TestServer::start().await;
    let by_host = server
        .get("/dev/x")
        .header("host", "abc.execute-api.localhost");
    for ask in [
        by_host,
        server.get("/_aws/execute-api/abc/dev/x"),
        server.get("/restapis/abc/dev/_user_request_/x"),
    ] {
        let answer = ask.send().await;
        assert_eq!(answer.header("x-amzn-errortype"), "ForbiddenException");
        assert_eq!(
            answer.expect(StatusCode::FORBIDDEN),
            json!({ "message": "Forbidden" })
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_service_of_others_says_what_to_configure() {
    let server = TestServer::start().await;
    let answer = server
        .ask(Method::POST, "/")
        .header("x-amz-target", "DynamoDB_20120810.ListTables")
        .header("content-type", "application/x-amz-json-1.0")
        .body("{}")
        .signed("dynamodb")
        .send()
        .await;
    assert_eq!(answer.status, StatusCode::NOT_IMPLEMENTED);
    assert!(
        answer.text().contains("--downstream dynamodb="),
        "{}",
        answer.text()
    );
    server.stop().await;
}

#[tokio::test]
async fn what_names_nobody_is_not_found() {
    let server = TestServer::start().await;
    for path in [
        "/",
        "/favicon.ico",
        "/_fluoro/",
        "/_fluoro/nothing",
        "/_aws/nothing",
    ] {
        let answer = server.get(path).send().await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_kept_connection_serves_one_request_after_the_other() {
    let server = TestServer::start().await;
    let request = "GET /_fluoro/listeners HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let last = "GET /_fluoro/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answers = server
        .say(format!("{request}{request}{last}").as_bytes())
        .await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3, "{answers}");
    server.stop().await;
}

#[tokio::test]
async fn a_browser_finds_the_console() {
    let server = TestServer::start().await;
    let page = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let led = server.get("/").header(page.0, page.1).send().await;
    assert_eq!(led.status, StatusCode::FOUND);
    let console = led.header("location").to_owned();
    assert_eq!(console, "/_fluoro/console/");
    for path in [console.clone(), format!("{console}traces?since=15m")] {
        let shown = server.get(&path).send().await;
        assert_eq!(shown.status, StatusCode::OK);
        assert!(shown.text().starts_with("<!doctype html>"), "{path}");
    }
    let missing = server.get(&format!("{console}assets/none.js")).send().await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    server.stop().await;
}
