//! The service over an in-memory catalog; its data plane is never called.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_ambient::{Ambient, ManualClock, SeededEntropy};
use fluoro_api_gateway::ApiGateway;
use fluoro_functions::{Invocation, InvokeError, Invoker, Outcome};
use fluoro_gateway::{Gateway, GatewaySettings, Parts, Room};
use fluoro_ingest::{OpenWork, Source, TraceSink};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_sampling::{Decision, How, KeepUnsampled, SampledRequest, Sampler};
use fluoro_statistics::Statistics;
use fluoro_store::catalog::MemoryCatalog;
use fluoro_wire::{AccountId, Call, Caller, Region, Service as _};
use http::HeaderMap;
use serde_json::{Value, json};

pub(crate) const REQUEST_ID: &str = "0d1e2f30-4152-4374-8596-a7b8c9daebfc";

pub(crate) struct World {
    service: ApiGateway,
}

/// An answer, its body read as JSON; `null` for none.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
    headers: HeaderMap,
}

/// Stands where nobody is asked.
#[derive(Debug)]
struct Unasked;

/// The members of a MOCK integration.
pub(crate) fn mock(template: &str) -> Value {
    json!({"type": "MOCK", "requestTemplates": {"application/json": template}})
}

// === impl World ===

impl World {
    pub(crate) async fn new() -> Self {
        let clock = ManualClock::at(1_795_428_672_345_678);
        let parts = Parts {
            ambient: Ambient::new(Arc::new(clock), Arc::new(SeededEntropy::new(7))),
            catalog: Arc::new(MemoryCatalog::default()),
            invoker: Arc::new(Unasked),
            sampler: Arc::new(Unasked),
            traces: Arc::new(Unasked),
            keep_unsampled: KeepUnsampled::default(),
            statistics: Statistics::default(),
            room: Room::new(1 << 20),
            account: AccountId("000000000000".into()),
            settings: GatewaySettings::default(),
        };
        let gateway = Gateway::open(parts).await.unwrap();
        Self {
            service: ApiGateway::new(gateway),
        }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let head = http::Request::builder().method(method).uri(path);
        let (head, ()) = head.body(()).unwrap().into_parts();
        let body = match body {
            Value::Null => Bytes::new(),
            body => body.to_string().into(),
        };
        let response = self
            .service
            .call(Call {
                head: Arc::new(head),
                body,
                caller: Caller::Root,
                region: Region("us-east-1".into()),
                account: AccountId("000000000000".into()),
                request_id: REQUEST_ID.to_owned(),
                peer: "127.0.0.1:4711".parse().unwrap(),
            })
            .await;
        let body = response.body();
        Answer {
            status: response.status().as_u16(),
            json: if body.is_empty() {
                Value::Null
            } else {
                serde_json::from_slice(body).unwrap()
            },
            headers: response.headers().clone(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Value::Null).await
    }

    /// A new API: its id and its root's.
    pub(crate) async fn api(&self, name: &str) -> (String, String) {
        let made = self.call("POST", "/restapis", json!({"name": name})).await;
        (made.text("id"), made.text("rootResourceId"))
    }

    /// An API with one MOCK method, deployed to `dev`: its id and its deployment's.
    pub(crate) async fn deployed(&self, name: &str) -> (String, String) {
        let (api, root) = self.api(name).await;
        let at = format!("/restapis/{api}/resources/{root}/methods/GET");
        for (path, body) in [
            ("", json!({"authorizationType": "NONE"})),
            ("/integration", mock("{\"statusCode\": 200}")),
            ("/responses/200", json!({})),
            ("/integration/responses/200", json!({})),
        ] {
            let put = self.call("PUT", &format!("{at}{path}"), body).await;
            assert_eq!(put.status, 201, "{}", put.json);
        }
        let deploy = json!({"stageName": "dev"});
        let made = self
            .call("POST", &format!("/restapis/{api}/deployments"), deploy)
            .await;
        assert_eq!(made.status, 201, "{}", made.json);
        (api, made.text("id"))
    }
}

// === impl Answer ===

impl Answer {
    pub(crate) fn text(&self, member: &str) -> String {
        self.json[member].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

// === impl Unasked ===

#[async_trait]
impl Invoker for Unasked {
    async fn invoke(&self, invocation: Invocation) -> Result<Outcome, InvokeError> {
        Err(InvokeError::NotFound {
            arn: invocation.function_arn,
        })
    }

    async fn resource_policy(&self, _function_arn: &str) -> Result<Option<String>, InvokeError> {
        Ok(None)
    }
}

impl Sampler for Unasked {
    fn decide(&self, _now: TimestampMicros, _request: &SampledRequest<'_>) -> Decision {
        Decision {
            sampled: false,
            how: How::TracingOff,
        }
    }
}

#[async_trait]
impl TraceSink for Unasked {
    fn record(&self, _source: &Source, _document: Bytes) {}

    fn refused(&self, _source: &Source, _reason: &str) {}

    fn open(&self, _trace: TraceId, _what: String) -> OpenWork {
        OpenWork::new(|| {})
    }

    fn unsampled(&self, _source: &Source) {}

    async fn flushed(&self) {}
}
