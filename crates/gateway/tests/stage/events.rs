//! The event of a Lambda proxy integration, compared to recorded shapes.

use bytes::Bytes;
use fluoro_gateway::GatewaySettings;
use fluoro_gateway::management::{NewDeployment, NewRestApi};
use serde_json::{Value, json};

use crate::world::{Request, World};

async fn world() -> World {
    let world = World::new().await;
    for path in ["/", "/items/{id}", "/items/all/{proxy+}"] {
        world.proxy("ANY", path).await;
    }
    world.deploy(false).await;
    world
}

async fn event(world: &World, request: Request) -> Value {
    world.invoker.seen.lock().clear();
    assert_eq!(world.send(request).await.status, 200);
    world.invoker.event()
}

/// Every member, in the shape that was recorded in September 2026.
#[tokio::test]
async fn an_event_has_exactly_the_members_that_aws_sends() {
    let world = world().await;
    let deployment = world.deploy(false).await;
    let event = event(&world, Request::get("/").header("user-agent", "test/1")).await;
    let trace = &event["headers"]["X-Amzn-Trace-Id"];
    let context = &event["requestContext"];
    assert_eq!(
        event,
        json!({
            "resource": "/",
            "path": "/",
            "httpMethod": "GET",
            "headers": {
                "Host": "localhost:4566",
                "User-Agent": "test/1",
                "X-Amzn-Trace-Id": trace,
                "X-Forwarded-For": "192.0.2.7",
                "X-Forwarded-Port": "4566",
                "X-Forwarded-Proto": "http",
            },
            "multiValueHeaders": {
                "Host": ["localhost:4566"],
                "User-Agent": ["test/1"],
                "X-Amzn-Trace-Id": [trace],
                "X-Forwarded-For": ["192.0.2.7"],
                "X-Forwarded-Port": ["4566"],
                "X-Forwarded-Proto": ["http"],
            },
            "queryStringParameters": null,
            "multiValueQueryStringParameters": null,
            "pathParameters": null,
            "stageVariables": null,
            "requestContext": {
                "resourceId": world.api.root_resource_id,
                "resourcePath": "/",
                "httpMethod": "GET",
                "extendedRequestId": context["extendedRequestId"],
                "requestTime": "23/Nov/2026:10:11:12 +0000",
                "path": "/dev/",
                "accountId": "000000000000",
                "protocol": "HTTP/1.1",
                "stage": "dev",
                "domainPrefix": world.api.id,
                "requestTimeEpoch": 1_795_428_672_345_i64,
                "requestId": context["requestId"],
                "identity": {
                    "cognitoIdentityPoolId": null,
                    "accountId": null,
                    "cognitoIdentityId": null,
                    "caller": null,
                    "sourceIp": "192.0.2.7",
                    "principalOrgId": null,
                    "accessKey": null,
                    "cognitoAuthenticationType": null,
                    "cognitoAuthenticationProvider": null,
                    "userArn": null,
                    "userAgent": "test/1",
                    "user": null,
                },
                "domainName": format!("{}.execute-api.us-east-1.amazonaws.com", world.api.id),
                "deploymentId": deployment,
                "apiId": world.api.id,
            },
            "body": null,
            "isBase64Encoded": false,
        })
    );
}

#[tokio::test]
async fn the_ids_are_those_of_the_answer() {
    let world = world().await;
    let answer = world.send(Request::get("/")).await;
    let event = world.invoker.event();
    let context = &event["requestContext"];
    assert_eq!(
        context["requestId"],
        answer.header("x-amzn-requestid").unwrap()
    );
    let extended = answer.header("x-amz-apigw-id").unwrap();
    assert_eq!(context["extendedRequestId"], extended);
    assert!(
        extended.len() == 16 && extended.ends_with('='),
        "{extended}"
    );
}

#[tokio::test]
async fn headers_keep_the_callers_case_and_connection_headers_stay_behind() {
    let world = world().await;
    let request = Request::get("/").sent_as(&[
        "host: localhost:4566",
        "tEsT-HEADeR: aValUE",
        "x-twice: one",
        "x-twice: two",
        "authorization: random",
        "user-agent: test/1",
        "Connection: keep-alive",
        "Content-Length: 0",
        "TE: trailers",
        "X-Forwarded-For: 203.0.113.9",
    ]);
    let event = event(&world, request).await;
    let mut names: Vec<&str> = event["headers"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "Authorization",
            "Host",
            "User-Agent",
            "X-Amzn-Trace-Id",
            "X-Forwarded-For",
            "X-Forwarded-Port",
            "X-Forwarded-Proto",
            "tEsT-HEADeR",
            "x-twice",
        ]
    );
    assert_eq!(event["headers"]["x-twice"], "two");
    assert_eq!(event["multiValueHeaders"]["x-twice"], json!(["one", "two"]));
    assert_eq!(
        event["headers"]["X-Forwarded-For"],
        "203.0.113.9, 192.0.2.7"
    );
}

#[tokio::test]
async fn path_query_and_body_arrive_as_the_guide_says() {
    let world = world().await;
    let request = Request::new(
        "POST",
        "/items/17?category=electronics&category=books&price=10&flag",
    )
    .header("content-type", "application/json")
    .body(r#"{"message": "hello"}"#);
    let event = event(&world, request).await;
    assert_eq!(event["resource"], "/items/{id}");
    assert_eq!(event["path"], "/items/17");
    assert_eq!(event["pathParameters"], json!({"id": "17"}));
    assert_eq!(
        event["queryStringParameters"],
        json!({"category": "books", "price": "10", "flag": ""})
    );
    assert_eq!(
        event["multiValueQueryStringParameters"],
        json!({"category": ["electronics", "books"], "price": ["10"], "flag": [""]})
    );
    assert_eq!(
        (&event["body"], &event["isBase64Encoded"]),
        (&json!(r#"{"message": "hello"}"#), &json!(false))
    );
}

#[tokio::test]
async fn a_trailing_slash_stays_in_the_path_only() {
    let world = world().await;
    let event = event(&world, Request::get("/items/all/a/b/")).await;
    assert_eq!(event["path"], "/items/all/a/b/");
    assert_eq!(event["requestContext"]["path"], "/dev/items/all/a/b/");
    assert_eq!(event["pathParameters"], json!({"proxy": "a/b"}));
}

#[tokio::test]
async fn a_slash_doubled_at_the_start_stays_in_the_contexts_path_only() {
    let world = world().await;
    let event = event(&world, Request::get("//items/17")).await;
    assert_eq!(event["path"], "/items/17");
    assert_eq!(event["requestContext"]["path"], "/dev//items/17");
}

#[tokio::test]
async fn stage_variables_reach_the_event() {
    let world = world().await;
    let variables = [("table".to_owned(), "orders".to_owned())];
    world
        .deploy_as(NewDeployment {
            stage_name: Some("dev".to_owned()),
            variables: Some(variables.into()),
            ..NewDeployment::default()
        })
        .await;
    let event = event(&world, Request::get("/")).await;
    assert_eq!(event["stageVariables"], json!({"table": "orders"}));
}

#[tokio::test]
async fn bytes_come_in_base64() {
    let new = NewRestApi {
        binary_media_types: vec!["image/png".to_owned()],
        ..NewRestApi::default()
    };
    let world = World::with(GatewaySettings::default(), new).await;
    world.proxy("ANY", "/").await;
    world.deploy(false).await;
    // declared binary; text; neither declared nor text
    for (content_type, body, encoded) in [
        ("image/png", Bytes::from_static(b"abc"), Some("YWJj")),
        (
            "text/plain; charset=utf-8",
            Bytes::from_static(b"plain"),
            None,
        ),
        ("text/plain", Bytes::from_static(b"\xff\x00"), Some("/wA=")),
    ] {
        let request = Request::new("POST", "/")
            .header("content-type", content_type)
            .body(body.clone());
        let event = event(&world, request).await;
        assert_eq!(
            event["isBase64Encoded"],
            encoded.is_some(),
            "{content_type}"
        );
        let text = encoded.unwrap_or_else(|| std::str::from_utf8(&body).unwrap());
        assert_eq!(event["body"], text);
    }
}
