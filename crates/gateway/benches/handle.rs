//! What one request costs in the data plane itself: no sockets, no store, a function that answers at once.
//!
//! `cargo bench -p fluoro-gateway` prints the time of a request to a MOCK and to a function, traced and not. The
//! difference is what tracing costs here; storing the segment comes on top.

#![expect(clippy::unwrap_used, reason = "a bench that cannot start says so")]

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_functions::{Invocation, InvokeError, Invoker, Outcome};
use fluoro_gateway::management::{ImportOptions, NewDeployment, PatchOp, PatchOperation};
use fluoro_gateway::{Addressed, Gateway, GatewaySettings, Parts, Room, Scheme, StageRequest};
use fluoro_ingest::{OpenWork, Source, TraceSink};
use fluoro_model::{TimestampMicros, TraceHeader, TraceId};
use fluoro_sampling::{Decision, How, KeepUnsampled, SampledRequest, Sampler};
use fluoro_statistics::Statistics;
use fluoro_store::catalog::MemoryCatalog;
use fluoro_wire::{AccountId, Region};
use http::{HeaderMap, Method};
use http_body_util::BodyExt as _;

const REQUESTS: u32 = 200_000;
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:orders";

#[tokio::main]
async fn main() {
    let ambient = Ambient::system();
    let region = Region("us-east-1".into());
    let gateway = Gateway::open(Parts {
        ambient: ambient.clone(),
        catalog: Arc::new(MemoryCatalog::default()),
        invoker: Arc::new(Instant),
        sampler: Arc::new(Instant),
        traces: Arc::new(Instant),
        keep_unsampled: KeepUnsampled::default(),
        statistics: Statistics::default(),
        room: Room::new(1 << 20),
        account: AccountId("000000000000".into()),
        settings: GatewaySettings::default(),
    })
    .await
    .unwrap();
    let api = gateway
        .import_rest_api(&region, document().as_bytes(), ImportOptions::default())
        .await
        .unwrap();
    let deployment = NewDeployment {
        stage_name: Some("dev".to_owned()),
        ..NewDeployment::default()
    };
    gateway
        .create_deployment(&region, &api.id, deployment)
        .await
        .unwrap();
    for (name, path) in [("MOCK", "/mock/17"), ("function", "/items/17")] {
        for traced in ["false", "true"] {
            let patch = PatchOperation {
                op: PatchOp::Replace,
                path: "/tracingEnabled".to_owned(),
                value: Some(traced.to_owned()),
            };
            gateway
                .update_stage(&region, &api.id, "dev", &[patch])
                .await
                .unwrap();
            let start = ambient.ticks_nanos();
            for _ in 0..REQUESTS {
                let response = gateway.handle(request(&api.id, path)).await;
                assert_eq!(response.status(), 200);
                response.into_body().collect().await.unwrap();
            }
            let each = (ambient.ticks_nanos() - start) / u64::from(REQUESTS);
            println!("{name:<10} traced {traced:<6} {each:>7} ns a request");
        }
    }
}

fn document() -> String {
    let mock = serde_json::json!({
        "type": "mock",
        "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "{}"}}},
    });
    let function = serde_json::json!({
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"),
    });
    serde_json::json!({
        "swagger": "2.0",
        "info": {"title": "bench", "version": "1"},
        "paths": {
            "/mock/{id}": {"get": {"x-amazon-apigateway-integration": mock}},
            "/items/{id}": {"get": {"x-amazon-apigateway-integration": function}},
        },
    })
    .to_string()
}

/// A request as a browser's proxy would send it.
fn request(api_id: &str, path: &str) -> StageRequest {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "localhost:4566"),
        ("user-agent", "bench/1"),
        ("accept", "application/json"),
        ("accept-encoding", "gzip"),
        ("x-forwarded-for", "203.0.113.9"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    StageRequest {
        api_id: api_id.to_owned(),
        stage: "dev".to_owned(),
        addressed: Addressed::Path,
        path: path.to_owned(),
        method: Method::GET,
        target: format!("/_aws/execute-api/{api_id}/dev{path}")
            .parse()
            .unwrap(),
        headers,
        head_as_sent: None,
        body: http_body_util::Empty::new()
            .map_err(|never| match never {})
            .boxed_unsync(),
        peer: "192.0.2.7:4711".parse().unwrap(),
        scheme: Scheme::Http,
    }
}

/// Everything behind the gateway, at no cost.
#[derive(Debug)]
struct Instant;

#[async_trait]
impl Invoker for Instant {
    async fn invoke(&self, _invocation: Invocation) -> Result<Outcome, InvokeError> {
        Ok(Outcome {
            payload: Bytes::from_static(br#"{"statusCode": 200, "body": "ok"}"#),
            error: None,
            executed_version: "$LATEST".to_owned(),
            request_id: "0d1e2f30-4152-4374-8596-a7b8c9daebfc".to_owned(),
            trace: TraceHeader::default(),
            log_tail: None,
        })
    }

    async fn resource_policy(&self, _function_arn: &str) -> Result<Option<String>, InvokeError> {
        Ok(Some(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"apigateway.amazonaws.com"}},"Action":"lambda:InvokeFunction","Resource":"{FUNCTION}"}}]}}"#
        )))
    }
}

impl Sampler for Instant {
    fn decide(&self, _now: TimestampMicros, _request: &SampledRequest<'_>) -> Decision {
        Decision {
            sampled: true,
            how: How::Rate {
                rule: "Default".into(),
            },
        }
    }
}

#[async_trait]
impl TraceSink for Instant {
    fn record(&self, _source: &Source, document: Bytes) {
        std::hint::black_box(document);
    }

    fn refused(&self, _source: &Source, _reason: &str) {}

    fn open(&self, _trace: TraceId, what: String) -> OpenWork {
        OpenWork::new(move || drop(what))
    }

    fn unsampled(&self, _source: &Source) {}

    async fn flushed(&self) {}
}
