//! The decision, the headers and the segment.

use fluoro_functions::InvokeError;
use fluoro_gateway::management::NewRestApi;
use fluoro_gateway::{GatewaySettings, IntegrationNode};
use fluoro_model::{SamplingDecision, TimestampMicros};
use fluoro_sampling::{Decision, How};
use serde_json::json;

use crate::world::{FUNCTION, NOW, Request, World, raised, returned};

const ROOT: &str = "1-67891233-abcdef012345678912345678";
const PARENT: &str = "463ac35c9f6413ad";

async fn proxied(tracing_enabled: bool) -> World {
    let world = World::new().await;
    world.proxy("GET", "/items/{id}").await;
    world.deploy(tracing_enabled).await;
    world
}

/// The decision matrix of active and passive stages.
#[tokio::test]
async fn the_callers_word_and_the_switch_decide_together() {
    use SamplingDecision::{NotSampled, Sampled};
    let with = |rest: &str| format!("Root={ROOT}{rest}");
    // header, tracing on, asked the sampler, recorded, what the integration is told
    let table = [
        (None, true, true, true, Sampled),
        (None, false, false, false, NotSampled),
        (Some(with("")), true, true, true, Sampled),
        (Some(with("")), false, false, false, NotSampled),
        (
            Some(with(";Parent=463ac35c9f6413ad;Sampled=1")),
            true,
            false,
            true,
            Sampled,
        ),
        (
            Some(with(";Parent=463ac35c9f6413ad;Sampled=1")),
            false,
            false,
            true,
            Sampled,
        ),
        (
            Some(with(";Parent=463ac35c9f6413ad;Sampled=0")),
            true,
            false,
            false,
            NotSampled,
        ),
        (
            Some(with(";Parent=463ac35c9f6413ad;Sampled=0")),
            false,
            false,
            false,
            NotSampled,
        ),
        (Some(with(";Sampled=1")), false, false, true, Sampled),
        (Some(with(";Sampled=?")), true, true, true, Sampled),
        (Some(with(";Sampled=?")), false, false, false, NotSampled),
        (
            Some("Root=nonsense;Sampled=1".to_owned()),
            true,
            true,
            true,
            Sampled,
        ),
        (
            Some("Root=nonsense;Sampled=1".to_owned()),
            false,
            false,
            false,
            NotSampled,
        ),
        (
            Some(format!("Self=1-1-1;Root={ROOT}")),
            true,
            true,
            true,
            Sampled,
        ),
    ];
    for (header, tracing_enabled, asked, recorded, told) in table {
        let world = proxied(tracing_enabled).await;
        let mut request = Request::get("/items/17");
        if let Some(header) = &header {
            request = request.header("x-amzn-trace-id", header);
        }
        assert_eq!(world.send(request).await.status, 200);
        let case = format!("{header:?}, tracing {tracing_enabled}");
        assert_eq!(!world.sampler.asked.lock().is_empty(), asked, "{case}");
        assert_eq!(world.sink.count(), usize::from(recorded), "{case}");
        let trace = world.invoker.trace();
        assert_eq!(trace.sampled, Some(told), "{case}");
        let keeps_root = header.as_ref().is_some_and(|header| header.contains(ROOT));
        assert_eq!(
            trace.root.unwrap().to_string() == ROOT,
            keeps_root,
            "{case}"
        );
        assert!(trace.parent.is_some(), "{case}");
    }
}

#[tokio::test]
async fn a_segment_has_the_fields_that_were_captured() {
    let world = proxied(true).await;
    world
        .invoker
        .answers(|_| Ok(returned(r#"{"statusCode": 201, "body": "ok"}"#)));
    let request = Request::get("/items/17?a=1")
        .header("user-agent", "test/1")
        .header(
            "x-amzn-trace-id",
            &format!("Root={ROOT};Parent={PARENT};Sampled=1"),
        );
    let answer = world.send(request).await;
    let segment = world.sink.only();
    let call = &segment["subsegments"][0];
    assert_eq!(
        segment,
        json!({
            "id": segment["id"],
            "name": "orders-api/dev",
            "trace_id": ROOT,
            "parent_id": PARENT,
            "start_time": 1_795_428_672.345,
            "end_time": 1_795_428_672.346,
            "http": {
                "request": {
                    "url": format!("http://localhost:4566/_aws/execute-api/{}/dev/items/17?a=1", world.api.id),
                    "method": "GET",
                    "user_agent": "test/1",
                    "client_ip": "192.0.2.7",
                    "x_forwarded_for": true,
                },
                "response": {"status": 201, "content_length": 0},
            },
            "aws": {"api_gateway": {
                "account_id": "000000000000",
                "rest_api_id": world.api.id,
                "stage": "dev",
                "request_id": answer.header("x-amzn-requestid").unwrap(),
            }},
            "annotations": {"aws:api_id": world.api.id, "aws:api_stage": "dev"},
            "metadata": {
                "default": {
                    "extended_request_id": answer.header("x-amz-apigw-id").unwrap(),
                    "request_id": answer.header("x-amzn-requestid").unwrap(),
                },
                "fluoro": {"sampling": {"sampled": true, "how": {"by": "header"}}},
            },
            "origin": "AWS::ApiGateway::Stage",
            "resource_arn": format!("arn:aws:apigateway:us-east-1::/restapis/{}/stages/dev", world.api.id),
            "subsegments": [{
                "id": call["id"],
                "name": "Lambda",
                "namespace": "aws",
                "start_time": 1_795_428_672.345,
                "end_time": 1_795_428_672.346,
                "http": {
                    "request": {
                        "url": format!("https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/{FUNCTION}/invocations"),
                        "method": "POST",
                    },
                    "response": {"status": 201, "content_length": 2},
                },
                "aws": {
                    "function_name": "orders",
                    "region": "us-east-1",
                    "operation": "Invoke",
                    "resource_names": ["orders"],
                },
            }],
        })
    );
    assert_eq!(
        world.invoker.trace().parent.unwrap().to_string(),
        call["id"]
    );
}

#[tokio::test]
async fn a_rule_that_decided_is_named_and_the_reason_kept() {
    let world = proxied(true).await;
    world.send(Request::get("/items/17")).await;
    let segment = world.sink.only();
    assert_eq!(segment["aws"]["xray"]["sampling_rule_name"], "Default");
    assert_eq!(
        segment["metadata"]["fluoro"]["sampling"],
        json!({"sampled": true, "how": {"by": "reservoir", "rule": "Default"}})
    );
    assert!(segment.get("parent_id").is_none());
}

#[tokio::test]
async fn the_sampler_sees_what_rules_can_match() {
    let world = proxied(true).await;
    world
        .send(Request::get("/items/17?a=1").header("x-tier", "gold"))
        .await;
    let asked = world.sampler.asked.lock().join("");
    for wanted in [
        "service_name: Some(\"orders-api/dev\")",
        "service_type: Some(\"AWS::ApiGateway::Stage\")",
        "host: Some(\"localhost:4566\")",
        "http_method: Some(\"GET\")",
        "url_path: Some(\"/dev/items/17\")",
        "(\"x-tier\", \"gold\")",
    ] {
        assert!(asked.contains(wanted), "{wanted} in {asked}");
    }
    let arn = format!(
        "arn:aws:apigateway:us-east-1::/restapis/{}/stages/dev",
        world.api.id
    );
    assert!(asked.contains(&arn));
}

#[tokio::test]
async fn what_was_sampled_away_is_counted_and_what_nobody_asked_for_is_not() {
    let world = proxied(true).await;
    *world.sampler.decision.lock() = Decision {
        sampled: false,
        how: How::Rate {
            rule: "Default".into(),
        },
    };
    world.send(Request::get("/items/17")).await;
    assert_eq!(
        world
            .sink
            .unsampled
            .load(std::sync::atomic::Ordering::SeqCst),
        1
    );
    assert_eq!(world.sink.count(), 0);
    world.patch_stage("/tracingEnabled", "false").await;
    world.send(Request::get("/items/17")).await;
    assert_eq!(
        world
            .sink
            .unsampled
            .load(std::sync::atomic::Ordering::SeqCst),
        1
    );
}

#[tokio::test]
async fn an_untraced_answer_has_root_a_new_parent_the_decision_and_the_lineage() {
    let world = proxied(false).await;
    let answer = world.send(Request::get("/items/17")).await;
    let header = answer.header("x-amzn-trace-id").unwrap();
    let fields: Vec<&str> = header.split(';').collect();
    assert!(fields[0].starts_with("Root=1-6b041140-"), "{header}");
    assert!(
        fields[1].starts_with("Parent=") && fields[1].len() == 23,
        "{header}"
    );
    assert_eq!(&fields[2..], ["Sampled=0", "Lineage=1:ca2976ba:0"]);
    // The event sees the root alone.
    let event = world.invoker.event();
    assert_eq!(event["headers"]["X-Amzn-Trace-Id"], fields[0]);
    assert_eq!(
        event["multiValueHeaders"]["X-Amzn-Trace-Id"],
        json!([fields[0]])
    );
}

#[tokio::test]
async fn a_caller_gets_its_own_parent_back() {
    let world = proxied(true).await;
    let sent = format!("Root={ROOT};Parent={PARENT};Sampled=1");
    let answer = world
        .send(Request::get("/items/17").header("x-amzn-trace-id", &sent))
        .await;
    let header = answer.header("x-amzn-trace-id").unwrap();
    assert_eq!(header, format!("{sent};Lineage=1:ca2976ba:0"));
    assert_eq!(world.invoker.event()["headers"]["X-Amzn-Trace-Id"], sent);
}

#[tokio::test]
async fn neither_a_mock_nor_an_error_carries_a_trace_header() {
    let world = World::new().await;
    world.mock("GET", "/mock", "{}").await;
    world.deploy(true).await;
    for path in ["/mock", "/nowhere"] {
        let answer = world.send(Request::get(path)).await;
        assert_eq!(answer.header("x-amzn-trace-id"), None, "{path}");
    }
    assert_eq!(world.sink.count(), 2);
}

#[tokio::test]
async fn outcomes_mark_the_segment_and_the_call() {
    // what the function does, then: client's status, segment's mark, call's status and mark
    type Case = (
        fn() -> Result<fluoro_functions::Outcome, InvokeError>,
        u16,
        &'static str,
        u16,
        Option<&'static str>,
    );
    let table: [Case; 7] = [
        (
            || Ok(returned(r#"{"statusCode": 404}"#)),
            404,
            "error",
            404,
            Some("error"),
        ),
        (
            || Ok(returned(r#"{"statusCode": 429}"#)),
            429,
            "throttle",
            429,
            Some("throttle"),
        ),
        (
            || Ok(returned(r#"{"statusCode": 503}"#)),
            503,
            "fault",
            503,
            Some("fault"),
        ),
        (
            || Ok(raised(r#"{"errorMessage": "no"}"#)),
            502,
            "fault",
            200,
            Some("fault"),
        ),
        (|| Ok(returned("[]")), 502, "fault", 200, Some("fault")),
        (
            || {
                Err(InvokeError::NotFound {
                    arn: FUNCTION.to_owned(),
                })
            },
            500,
            "fault",
            404,
            Some("error"),
        ),
        (
            || {
                Err(InvokeError::Throttled {
                    reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
                    trace: Box::default(),
                })
            },
            500,
            "fault",
            429,
            Some("throttle"),
        ),
    ];
    for (outcome, status, mark, call_status, call_mark) in table {
        let world = proxied(true).await;
        world.invoker.answers(move |_| outcome());
        let answer = world.send(Request::get("/items/17")).await;
        assert_eq!(answer.status.as_u16(), status);
        let segment = world.sink.only();
        let call = &segment["subsegments"][0];
        assert_eq!(segment[mark], true, "{status}");
        assert_eq!(segment["http"]["response"]["status"], status);
        assert_eq!(call["http"]["response"]["status"], call_status, "{status}");
        if let Some(mark) = call_mark {
            assert_eq!(call[mark], true, "{status}");
        }
        if mark == "throttle" {
            assert_eq!(segment["error"], true);
        }
    }
}

#[tokio::test]
async fn a_request_refused_before_its_integration_has_a_segment_and_no_call() {
    let world = proxied(true).await;
    world.send(Request::get("/nowhere")).await;
    let segment = world.sink.only();
    assert_eq!(
        (&segment["error"], &segment["subsegments"]),
        (&json!(true), &json!(null))
    );
}

#[tokio::test]
async fn an_unknown_stage_records_nothing() {
    let world = proxied(true).await;
    let answer = world.send(Request::get("/items/17").stage("nope")).await;
    assert_eq!((answer.status.as_u16(), world.sink.count()), (403, 0));
}

#[tokio::test]
async fn a_trace_is_open_until_the_answer_has_been_read() {
    let world = proxied(true).await;
    let request = world.stage_request(Request::get("/items/17"));
    let response = world.gateway.handle(request).await;
    assert_eq!((world.sink.open_now(), world.sink.count()), (1, 0));
    drop(response);
    assert_eq!((world.sink.open_now(), world.sink.count()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_leaves_a_segment_without_status() {
    let world = proxied(true).await;
    *world.invoker.hangs.lock() = true;
    let request = world.stage_request(Request::get("/items/17"));
    let waited = tokio::time::timeout(
        std::time::Duration::from_millis(1),
        world.gateway.handle(request),
    );
    assert!(waited.await.is_err());
    let segment = world.sink.only();
    assert_eq!(segment["error"], true);
    assert_eq!(segment["http"]["response"], json!(null));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_a_fault_without_an_answer_of_the_backend() {
    let world = proxied(true).await;
    *world.invoker.hangs.lock() = true;
    let answer = world.send(Request::get("/items/17")).await;
    assert_eq!(answer.status, 504);
    let segment = world.sink.only();
    let call = &segment["subsegments"][0];
    assert_eq!(
        (&segment["fault"], &call["fault"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(call["http"]["response"], json!(null));
}

#[tokio::test]
async fn times_are_whole_milliseconds_that_enclose_what_ran() {
    let world = proxied(true).await;
    let clock = std::sync::Arc::clone(&world.clock);
    world.invoker.answers(move |_| {
        clock.advance_micros(1_500);
        Ok(returned(r#"{"statusCode": 200}"#))
    });
    world.send(Request::get("/items/17")).await;
    let segment = world.sink.only();
    let micros =
        |value: &serde_json::Value| TimestampMicros::from_seconds(value.as_f64().unwrap()).0;
    assert_eq!(micros(&segment["start_time"]), NOW - 678);
    // 345,678 + 1,500 µs, rounded up.
    assert_eq!(micros(&segment["end_time"]), NOW - 678 + 3_000);
}

#[tokio::test]
async fn passive_recording_can_be_switched_off() {
    let settings = GatewaySettings {
        passive_recording: false,
        http_integration_node: IntegrationNode::Url,
        sampling_header: true,
    };
    let world = World::with(settings, NewRestApi::default()).await;
    world.proxy("GET", "/items/{id}").await;
    world.deploy(false).await;
    let sent = format!("Root={ROOT};Parent={PARENT};Sampled=1");
    let answer = world
        .send(Request::get("/items/17").header("x-amzn-trace-id", &sent))
        .await;
    assert_eq!(world.sink.count(), 0);
    // Its caller's segment stays the parent of what the function records.
    assert_eq!(world.invoker.trace().to_string(), sent);
    assert_eq!(
        answer.header("x-fluoro-sampling"),
        Some("Sampled=1;By=header")
    );
}
