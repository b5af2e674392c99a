//! The whole thread: a request enters a stage, runs a Python function, and comes out as one finished trace.
//!
//! Functions are started through this program itself (`__sandbox`), so it has a `main` of its own.

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use fluoro_testkit::{Ask, TestServer};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

const WRITES_TRACES: &str = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";

/// Sends a subsegment to its own daemon address and asks there for rules, as SDKs do in a function.
const SOURCE: &str = r#"
import json, os, socket, time, urllib.request

def handler(event, context):
    root, parent, sampled = (part.split("=")[1] for part in os.environ["_X_AMZN_TRACE_ID"].split(";")[:3])
    now = time.time()
    part = {"trace_id": root, "parent_id": parent, "id": os.urandom(8).hex(), "type": "subsegment",
            "name": "work", "start_time": now, "end_time": now}
    address = os.environ["AWS_XRAY_DAEMON_ADDRESS"]
    host, port = address.rsplit(":", 1)
    packet = json.dumps({"format": "json", "version": 1}) + "\n" + json.dumps(part)
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(packet.encode(), (host, int(port)))
    asked = urllib.request.Request(f"http://{address}/GetSamplingRules", b"{}")
    rules = json.load(urllib.request.urlopen(asked, timeout=10))["SamplingRuleRecords"]
    print("rules seen:", len(rules))
    return {"statusCode": 200, "body": json.dumps({"rules": len(rules), "headers": event["headers"]})}
"#;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|verb| verb == "__sandbox") {
        fluoro_functions::sandbox::run(arguments);
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(one_request_becomes_one_finished_trace());
    println!("test result: ok. 1 passed; 0 failed");
}

async fn one_request_becomes_one_finished_trace() {
    let server = TestServer::start().await;
    let role = make_role(&server).await;
    let function = make_function(&server, &role).await;
    let stage = make_api(&server, &function).await;

    let answer = server
        .get(&format!("{stage}/hello"))
        .header("X-Amzn-Trace-Id", "Sampled=1")
        .send()
        .await;
    let header = answer.header("x-amzn-trace-id").to_owned();
    let body = answer.expect(StatusCode::OK);
    assert_eq!(body["rules"], 1, "{body}");
    let trace = header
        .split(';')
        .find_map(|part| part.strip_prefix("Root="))
        .expect("the answer names its trace");

    let state = server
        .get(&format!("/_fluoro/traces/{trace}?wait=30s"))
        .send()
        .await;
    let state = state.expect(StatusCode::OK);
    assert_eq!(state["complete"], true, "{state}");
    let documents = server.documents(trace).await;
    let one = |origin: &str| -> &Value {
        let found: Vec<&Value> = documents
            .iter()
            .filter(|one| one["origin"] == origin)
            .collect();
        assert_eq!(found.len(), 1, "{origin} in {documents:#?}");
        found[0]
    };
    let (gateway, service, run) = (
        one("AWS::ApiGateway::Stage"),
        one("AWS::Lambda"),
        one("AWS::Lambda::Function"),
    );
    assert_eq!(service["parent_id"], gateway["subsegments"][0]["id"]);
    assert_eq!(run["parent_id"], service["id"]);
    assert!(
        run["subsegments"].to_string().contains(r#""name":"work""#),
        "{run:#}"
    );

    let logs = server
        .get(&format!("/_fluoro/functions/hello/logs?trace={trace}"))
        .send()
        .await;
    let logs = logs.expect(StatusCode::OK);
    let texts = logs["lines"].as_array().expect("logs have lines");
    assert!(
        texts.iter().any(|line| line["text"] == "rules seen: 1"),
        "{logs:#}"
    );
    what_is_told_of_the_function(&server, texts).await;
    server.stop().await;
}

async fn what_is_told_of_the_function(server: &TestServer, lines: &[Value]) {
    let told = || async {
        let answer = server.get("/_fluoro/functions/hello").send().await;
        answer.expect(StatusCode::OK)
    };
    let function = told().await;
    assert_eq!(function["role"], "arn:aws:iam::000000000000:role/r");
    assert_eq!(function["tracing"], "Active");
    assert_eq!(function["may_write_traces"], true);
    let environments = function["environments"].as_array().expect("a list");
    assert_eq!(environments.len(), 1, "{function:#}");
    let environment = &environments[0];
    assert_eq!(environment["state"], "ready", "{environment}");
    assert_eq!(environment["invocations"], 1);
    assert_eq!(environment["version"], "$LATEST");
    assert_eq!(environment["stream"], lines[0]["stream"]);
    assert!(environment["pid"].as_i64().is_some_and(|pid| pid > 1));
    assert!(environment["started"].as_f64() <= environment["since"].as_f64());

    let parameters = [
        ("Action", "DetachRolePolicy"),
        ("RoleName", "r"),
        ("PolicyArn", WRITES_TRACES),
    ];
    iam(server, &parameters).await;
    let function = told().await;
    assert_eq!(function["may_write_traces"], false);
    let denied = function["denied"].as_str().unwrap_or_default();
    assert!(denied.contains("xray:PutTraceSegments"), "{denied}");

    let code = server.get("/_fluoro/functions/hello/code").send().await;
    let code = code.expect(StatusCode::OK);
    assert_eq!(code["complete"], true);
    assert_eq!(code["handler"], "app.handler");
    assert_eq!(code["files"][0]["path"], "app.py");
    assert_eq!(code["files"][0]["text"], SOURCE);
    for nobody in ["nobody", "nobody/code", "nobody/logs", "no body"] {
        let path = format!("/_fluoro/functions/{}", nobody.replace(' ', "%20"));
        let answer = server.get(&path).send().await.expect(StatusCode::NOT_FOUND);
        assert_eq!(answer["error"]["code"], "NotFound", "{nobody}");
    }
}

async fn make_role(server: &TestServer) -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole",
    }] });
    let trust = trust.to_string();
    iam(
        server,
        &[
            ("Action", "CreateRole"),
            ("RoleName", "r"),
            ("AssumeRolePolicyDocument", &trust),
        ],
    )
    .await;
    iam(
        server,
        &[
            ("Action", "AttachRolePolicy"),
            ("RoleName", "r"),
            ("PolicyArn", WRITES_TRACES),
        ],
    )
    .await;
    "arn:aws:iam::000000000000:role/r".to_owned()
}

async fn iam(server: &TestServer, parameters: &[(&str, &str)]) {
    let mut form = "Version=2010-05-08".to_owned();
    for (name, value) in parameters {
        let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        form.push_str(&format!("&{name}={value}"));
    }
    let ask = server.ask(Method::POST, "/").signed("iam").body(form);
    let answer = ask
        .header("content-type", "application/x-www-form-urlencoded")
        .send()
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

async fn make_function(server: &TestServer, role: &str) -> String {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive
        .start_file("app.py", SimpleFileOptions::default())
        .expect("a file begins");
    archive
        .write_all(SOURCE.as_bytes())
        .expect("a file is written");
    let archive = archive.finish().expect("an archive ends").into_inner();
    let input = json!({
        "FunctionName": "hello", "Runtime": "python3.12", "Handler": "app.handler", "Role": role,
        "Timeout": 30, "TracingConfig": { "Mode": "Active" },
        "Code": { "ZipFile": base64::engine::general_purpose::STANDARD.encode(archive) },
    });
    let made = lambda(server, Method::POST, "/2015-03-31/functions")
        .json(&input)
        .send()
        .await;
    let arn = made.expect(StatusCode::CREATED)["FunctionArn"]
        .as_str()
        .map(str::to_owned);
    let permission = json!({
        "StatementId": "gateway", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
    });
    let path = "/2015-03-31/functions/hello/policy";
    let allowed = lambda(server, Method::POST, path)
        .json(&permission)
        .send()
        .await;
    assert_eq!(allowed.status, StatusCode::CREATED, "{}", allowed.text());
    fluoro_testkit::until("an active function", || async {
        let function = lambda(
            server,
            Method::GET,
            "/2015-03-31/functions/hello/configuration",
        )
        .send()
        .await;
        (function.json()["State"] == "Active").then_some(())
    })
    .await;
    arn.expect("a function has an ARN")
}

fn lambda(server: &TestServer, method: Method, path: &str) -> Ask {
    server.ask(method, path).signed("lambda")
}

/// An API whose stage traces; returns the stage's path.
async fn make_api(server: &TestServer, function: &str) -> String {
    let gateway = |method: Method, path: &str, input: Value| {
        server
            .ask(method, path)
            .signed("apigateway")
            .json(&input)
            .send()
    };
    let api = gateway(Method::POST, "/restapis", json!({ "name": "shop" })).await;
    let api = api.expect(StatusCode::CREATED);
    let (id, root) = (text(&api["id"]), text(&api["rootResourceId"]));
    let resource = format!("/restapis/{id}/resources/{root}");
    let resource = gateway(Method::POST, &resource, json!({ "pathPart": "hello" })).await;
    let resource = text(&resource.expect(StatusCode::CREATED)["id"]);
    let method = format!("/restapis/{id}/resources/{resource}/methods/ANY");
    let put = gateway(Method::PUT, &method, json!({ "authorizationType": "NONE" })).await;
    assert_eq!(put.status, StatusCode::CREATED, "{}", put.text());
    let uri = format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    );
    let integration = json!({ "type": "AWS_PROXY", "httpMethod": "POST", "uri": uri });
    let put = gateway(Method::PUT, &format!("{method}/integration"), integration).await;
    assert_eq!(put.status, StatusCode::CREATED, "{}", put.text());
    let deployment = json!({ "stageName": "dev", "tracingEnabled": true });
    let deployed = gateway(
        Method::POST,
        &format!("/restapis/{id}/deployments"),
        deployment,
    )
    .await;
    assert_eq!(deployed.status, StatusCode::CREATED, "{}", deployed.text());
    format!("/_aws/execute-api/{id}/dev")
}

fn text(value: &Value) -> String {
    value.as_str().expect("an id is text").to_owned()
}
