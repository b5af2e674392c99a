//! What becomes of a function's answer, and of requests that have none.

use fluoro_functions::InvokeError;
use fluoro_gateway::management::NewRestApi;
use fluoro_gateway::{GatewaySettings, PAYLOAD_LIMIT};
use serde_json::json;

use crate::world::{FUNCTION, Request, World, proxy, raised, returned};

async fn world() -> World {
    let world = World::new().await;
    world.proxy("ANY", "/items/{id}").await;
    world.deploy(false).await;
    world
}

#[tokio::test]
async fn the_gateways_headers_come_first_and_the_functions_own_follow() {
    let world = world().await;
    world.invoker.answers(|_| {
        Ok(returned(
            r#"{"statusCode": 200, "headers": {"X-Own": "1", "content-type": "text/csv", "Server": "mine"},
                "multiValueHeaders": {"set-cookie": ["a=1", "b=2"]}, "body": "a,b"}"#,
        ))
    });
    let answer = world.send(Request::get("/items/17")).await;
    let names: Vec<&str> = answer
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    assert_eq!(
        names,
        [
            "content-type",
            "x-amzn-requestid",
            "x-amz-apigw-id",
            "x-amzn-trace-id",
            "set-cookie",
            "x-own",
            "x-amzn-remapped-server",
        ]
    );
    assert_eq!(answer.header("content-type"), Some("text/csv"));
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2);
    assert_eq!(answer.body, "a,b");
}

#[tokio::test]
async fn json_is_the_content_type_that_nobody_named() {
    let world = world().await;
    let answer = world.send(Request::get("/items/17")).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.body.is_empty());
}

/// Status, error type and body of everything that goes wrong behind the gateway.
#[tokio::test]
async fn failures_of_the_function_have_awss_words() {
    type Case = (fn() -> Result<fluoro_functions::Outcome, InvokeError>, u16);
    let cases: [Case; 6] = [
        (
            || {
                Ok(raised(
                    r#"{"errorMessage": "'secret'", "errorType": "KeyError"}"#,
                ))
            },
            502,
        ),
        (|| Ok(returned("\"justAString\"")), 502),
        (
            || Ok(returned(r#"{"statusCode": 200, "cookies": []}"#)),
            502,
        ),
        (
            || {
                Err(InvokeError::NotFound {
                    arn: FUNCTION.to_owned(),
                })
            },
            500,
        ),
        (
            || {
                Err(InvokeError::NotReady {
                    state: "Pending".to_owned(),
                })
            },
            500,
        ),
        (|| Err(InvokeError::Service("no process".into())), 502),
    ];
    for (outcome, status) in cases {
        let world = world().await;
        world.invoker.answers(move |_| outcome());
        let answer = world.send(Request::get("/items/17")).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.json(), json!({"message": "Internal server error"}));
        assert_eq!(
            answer.header("x-amzn-errortype"),
            Some("InternalServerErrorException")
        );
        assert_eq!(answer.header("x-amzn-trace-id"), None);
    }
}

#[tokio::test]
async fn a_function_that_does_not_allow_the_method_is_not_called() {
    let world = World::new().await;
    // The fake's policy speaks of `/` and of what is below `/items/`.
    world.proxy("GET", "/items/{id}").await;
    world.proxy("GET", "/closed").await;
    world.deploy(false).await;
    let answer = world.send(Request::get("/closed")).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json(), json!({"message": "Internal server error"}));
    assert!(world.invoker.seen.lock().is_empty());
    assert_eq!(world.send(Request::get("/items/17")).await.status, 200);
    // A permission that is taken away holds from the next request on.
    *world.invoker.policy.lock() = None;
    assert_eq!(world.send(Request::get("/items/17")).await.status, 500);
}

#[tokio::test]
async fn a_function_is_invoked_with_post_or_not_at_all() {
    let world = World::new().await;
    let integration = fluoro_gateway::management::NewIntegration {
        http_method: Some("GET".to_owned()),
        ..proxy(FUNCTION)
    };
    world.integrate("GET", "/items/{id}", integration).await;
    world.deploy(false).await;
    assert_eq!(world.send(Request::get("/items/17")).await.status, 500);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_takes_too_long_runs_on_without_its_caller() {
    let world = world().await;
    *world.invoker.hangs.lock() = true;
    let answer = world.send(Request::get("/items/17")).await;
    assert_eq!(answer.status, 504);
    assert_eq!(
        answer.json(),
        json!({"message": "Endpoint request timed out"})
    );
    assert_eq!(world.invoker.seen.lock().len(), 1);
}

#[tokio::test]
async fn a_base64_body_is_bytes_only_for_a_client_that_takes_them() {
    let new = NewRestApi {
        binary_media_types: vec!["image/png".to_owned()],
        ..NewRestApi::default()
    };
    let world = World::with(GatewaySettings::default(), new).await;
    world.proxy("GET", "/items/{id}").await;
    world.deploy(false).await;
    world.invoker.answers(|_| {
        Ok(returned(
            r#"{"body": "dGVzdC1kYXRh", "isBase64Encoded": true}"#,
        ))
    });
    for (accept, body) in [
        ("image/png", "test-data"),
        ("text/html, image/png", "dGVzdC1kYXRh"),
    ] {
        let answer = world
            .send(Request::get("/items/17").header("accept", accept))
            .await;
        assert_eq!(answer.body, body, "{accept}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_403_never_404_or_405() {
    let world = world().await;
    world.mock("GET", "/there", "{}").await;
    world.deploy(false).await;
    for (verb, path) in [("GET", "/elsewhere"), ("POST", "/there"), ("GET", "/")] {
        let answer = world.send(Request::new(verb, path)).await;
        assert_eq!(answer.status, 403, "{verb} {path}");
        assert_eq!(
            answer.json(),
            json!({"message": "Missing Authentication Token"})
        );
        assert_eq!(
            answer.header("x-amzn-errortype"),
            Some("MissingAuthenticationTokenException")
        );
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn an_unknown_stage_is_forbidden_and_the_answer_says_what_is_unknown() {
    let world = world().await;
    let answer = world.send(Request::get("/items/17").stage("nope")).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json(), json!({"message": "Forbidden"}));
    let hint = answer.header("x-fluoro-hint").unwrap();
    assert!(hint.contains("no stage nope"), "{hint}");
}

#[tokio::test]
async fn ten_megabytes_are_taken_and_no_more() {
    let world = world().await;
    let largest = Request::new("POST", "/items/17").body(vec![b'x'; PAYLOAD_LIMIT]);
    assert_eq!(world.send(largest).await.status, 200);
    let larger = Request::new("POST", "/items/17").body(vec![b'x'; PAYLOAD_LIMIT + 1]);
    let answer = world.send(larger).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json(), json!({"message": "Request Too Long"}));
    assert_eq!(
        answer.header("x-amzn-errortype"),
        Some("RequestTooLargeException")
    );
}

#[tokio::test]
async fn bodies_share_their_room() {
    let world = world().await;
    let send = || world.send(Request::new("POST", "/items/17").body(vec![b'x'; 2_000]));
    let taken = world.room.take(crate::world::ROOM - 1_024).unwrap();
    let answer = send().await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json(), json!({"message": "Service Unavailable"}));
    assert_eq!(world.send(Request::get("/items/17")).await.status, 200);
    drop(taken);
    assert_eq!(send().await.status, 200);
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let world = world().await;
    let request = Request::get("/items/17").header("x-large", &"x".repeat(10_240));
    assert_eq!(world.send(request).await.status, 431);
}
