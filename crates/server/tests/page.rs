//! What the console's page asks for: every call unsigned and from its own origin, as a browser sends it.

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use fluoro_testkit::{Answer, Ask, TestServer, until};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

/// A call as the page's `fetch` makes it.
fn fetched(server: &TestServer, method: Method, path: &str) -> Ask {
    let ask = server.ask(method.clone(), path);
    let ask = ask
        .header("sec-fetch-site", "same-origin")
        .header("sec-fetch-mode", "cors")
        .header("sec-fetch-dest", "empty");
    // Browsers name the origin of everything but reads.
    match method {
        Method::GET => ask,
        _ => ask.header("origin", &server.addresses().endpoint),
    }
}

async fn get(server: &TestServer, path: &str) -> Value {
    let answer = fetched(server, Method::GET, path).send().await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()
}

async fn send(server: &TestServer, method: Method, path: &str, input: Value) -> Value {
    let answer = fetched(server, method, path).json(&input).send().await;
    assert!(
        answer.status.is_success(),
        "{path}: {} {}",
        answer.status,
        answer.text()
    );
    match answer.body.is_empty() {
        true => Value::Null,
        false => answer.json(),
    }
}

/// IAM by its query protocol: a form, and XML.
async fn iam(server: &TestServer, action: &str, parameters: &[(&str, &str)]) -> Answer {
    let mut form = format!("Action={action}&Version=2010-05-08");
    for (name, value) in parameters {
        let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        form.push_str(&format!("&{name}={value}"));
    }
    let ask = fetched(server, Method::POST, "/").body(form);
    let kind = "application/x-www-form-urlencoded;charset=UTF-8";
    let answer = ask.header("content-type", kind).send().await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer
}

const WRITES_TRACES: &str = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";

#[tokio::test]
async fn the_page_lets_a_role_write_traces() {
    let server = TestServer::start().await;
    make_role(&server).await;
    iam(
        &server,
        "AttachRolePolicy",
        &[("RoleName", "r"), ("PolicyArn", WRITES_TRACES)],
    )
    .await;
    let attached = iam(&server, "ListAttachedRolePolicies", &[("RoleName", "r")]).await;
    assert!(
        attached.text().contains(WRITES_TRACES),
        "{}",
        attached.text()
    );
    server.stop().await;
}

async fn make_role(server: &TestServer) {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole",
    }] });
    let trust = trust.to_string();
    let role = [
        ("RoleName", "r"),
        ("AssumeRolePolicyDocument", trust.as_str()),
    ];
    iam(server, "CreateRole", &role).await;
}

#[tokio::test]
async fn the_page_reads_and_changes_apis() {
    let server = TestServer::start().await;
    let api = send(
        &server,
        Method::POST,
        "/restapis",
        json!({ "name": "shop" }),
    )
    .await;
    let api = format!("/restapis/{}", api["id"].as_str().unwrap());
    assert_eq!(
        get(&server, "/restapis?limit=25").await["item"][0]["name"],
        "shop"
    );
    let root = get(&server, &api).await["rootResourceId"].clone();
    let method = format!("{api}/resources/{}/methods/GET", root.as_str().unwrap());
    send(
        &server,
        Method::PUT,
        &method,
        json!({ "authorizationType": "NONE" }),
    )
    .await;
    let mock = json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } });
    send(&server, Method::PUT, &format!("{method}/integration"), mock).await;
    assert_eq!(
        get(&server, &method).await["methodIntegration"]["type"],
        "MOCK"
    );
    let resources = get(&server, &format!("{api}/resources?embed=methods&limit=500")).await;
    let embedded = &resources["item"][0]["resourceMethods"]["GET"];
    assert_eq!(embedded["methodIntegration"]["type"], "MOCK", "{resources}");

    let deployment = json!({ "stageName": "dev", "description": "from the page" });
    let deployed = send(
        &server,
        Method::POST,
        &format!("{api}/deployments"),
        deployment,
    )
    .await;
    let deployments = get(&server, &format!("{api}/deployments?limit=500")).await;
    assert_eq!(deployments["item"][0]["id"], deployed["id"]);
    let one = format!("{api}/deployments/{}", deployed["id"].as_str().unwrap());
    assert_eq!(get(&server, &one).await["description"], "from the page");
    let tracing = json!({ "patchOperations": [{ "op": "replace", "path": "/tracingEnabled", "value": "true" }] });
    send(
        &server,
        Method::PATCH,
        &format!("{api}/stages/dev"),
        tracing,
    )
    .await;
    let stages = get(&server, &format!("{api}/stages")).await;
    assert_eq!(stages["item"][0]["tracingEnabled"], true);
    server.stop().await;
}

#[tokio::test]
async fn the_page_reads_and_changes_functions() {
    let server = TestServer::start().await;
    make_role(&server).await;
    let attach = [("RoleName", "r"), ("PolicyArn", WRITES_TRACES)];
    iam(&server, "AttachRolePolicy", &attach).await;
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive
        .start_file("app.py", SimpleFileOptions::default())
        .unwrap();
    archive
        .write_all(b"def handler(event, context): pass\n")
        .unwrap();
    let archive = archive.finish().unwrap().into_inner();
    let function = json!({
        "FunctionName": "hello", "Runtime": "python3.12", "Handler": "app.handler",
        "Role": "arn:aws:iam::000000000000:role/r",
        "Code": { "ZipFile": base64::engine::general_purpose::STANDARD.encode(archive) },
    });
    send(&server, Method::POST, "/2015-03-31/functions", function).await;
    let configuration = "/2015-03-31/functions/hello/configuration";
    until("an active function", || async {
        let function = get(&server, configuration).await;
        (function["State"] == "Active").then_some(())
    })
    .await;
    let active = json!({ "TracingConfig": { "Mode": "Active" } });
    let changed = send(&server, Method::PUT, configuration, active).await;
    assert_eq!(changed["TracingConfig"]["Mode"], "Active");
    let listed = get(&server, "/2015-03-31/functions/?MaxItems=50").await;
    assert_eq!(listed["Functions"][0]["FunctionName"], "hello");
    let told = get(&server, "/_fluoro/functions/hello").await;
    assert_eq!(told["may_write_traces"], true);
    assert_eq!(told["environments"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn the_page_reads_traces_and_changes_sampling() {
    let server = TestServer::start().await;
    let rule = json!({ "SamplingRule": {
        "RuleName": "all", "Priority": 1, "FixedRate": 1.0, "ReservoirSize": 1, "ServiceName": "shop/*", "ServiceType": "*",
        "Host": "*", "HTTPMethod": "*", "URLPath": "*", "ResourceARN": "*", "Version": 1,
    } });
    send(
        &server,
        Method::POST,
        "/_fluoro/sampling/preview",
        rule.clone(),
    )
    .await;
    send(&server, Method::POST, "/CreateSamplingRule", rule).await;
    let rules = send(&server, Method::POST, "/GetSamplingRules", json!({})).await;
    assert_eq!(
        rules["SamplingRuleRecords"][0]["SamplingRule"]["RuleName"],
        "all"
    );
    for (path, input) in [
        ("/TraceSummaries", json!({ "StartTime": 1, "EndTime": 2 })),
        ("/ServiceGraph", json!({ "StartTime": 1, "EndTime": 2 })),
        (
            "/TimeSeriesServiceStatistics",
            json!({ "StartTime": 0, "EndTime": 60 }),
        ),
        (
            "/Traces",
            json!({ "TraceIds": ["1-00000001-000000000000000000000001"] }),
        ),
        ("/Groups", json!({})),
    ] {
        send(&server, Method::POST, path, input).await;
    }
    let gone = json!({ "RuleName": "all" });
    send(&server, Method::POST, "/DeleteSamplingRule", gone).await;
    server.stop().await;
}
