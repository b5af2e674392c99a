//! A gateway over an in-memory catalog, a clock that stands still, and fakes that remember what they were asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_ambient::{Ambient, ManualClock, SeededEntropy};
use fluoro_functions::{FunctionError, Invocation, InvokeError, Invoker, Outcome};
use fluoro_gateway::management::{
    MethodAt, NewDeployment, NewIntegration, NewMethod, NewRestApi, PatchOp, PatchOperation,
    RequestedKind,
};
use fluoro_gateway::records::{MethodResponse, RestApi};
use fluoro_gateway::{Addressed, Gateway, GatewaySettings, Parts, Room, Scheme, StageRequest};
use fluoro_ingest::{OpenWork, Source, TraceSink};
use fluoro_model::{TimestampMicros, TraceHeader, TraceId};
use fluoro_sampling::{
    Decision, FinishedRequest, How, KeepUnsampled, Kept, SampledRequest, Sampler,
};
use fluoro_statistics::Statistics;
use fluoro_store::catalog::MemoryCatalog;
use fluoro_wire::{AccountId, Region};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use serde_json::Value;

/// Monday, 23 November 2026, 10:11:12.345678 UTC.
pub(crate) const NOW: i64 = 1_795_428_672_345_678;
pub(crate) const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:orders";
/// Bytes of bodies at once: of one of the largest.
pub(crate) const ROOM: usize = 11 << 20;

pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) invoker: Arc<FakeInvoker>,
    pub(crate) sampler: Arc<FakeSampler>,
    pub(crate) sink: Arc<RecordingSink>,
    pub(crate) statistics: Statistics,
    pub(crate) room: Room,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) catalog: Arc<MemoryCatalog>,
    pub(crate) region: Region,
    pub(crate) api: RestApi,
    pub(crate) resources: Mutex<BTreeMap<String, String>>,
}

type Function = Box<dyn Fn(&Invocation) -> Result<Outcome, InvokeError> + Send + Sync>;

/// Calls a closure instead of a function.
pub(crate) struct FakeInvoker {
    pub(crate) policy: Mutex<Option<String>>,
    pub(crate) function: Mutex<Function>,
    pub(crate) seen: Mutex<Vec<Invocation>>,
    /// Set to keep every invocation waiting for ever.
    pub(crate) hangs: Mutex<bool>,
}

/// Decides what it was told to decide.
#[derive(Debug)]
pub(crate) struct FakeSampler {
    pub(crate) decision: Mutex<Decision>,
    pub(crate) asked: Mutex<Vec<String>>,
    pub(crate) finished: Mutex<Vec<Finished>>,
}

/// What it was told of a request.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) path: Option<String>,
    pub(crate) how: How,
    pub(crate) took_micros: i64,
    pub(crate) status: Option<u16>,
    pub(crate) kept: Option<Kept>,
}

/// Keeps the documents.
#[derive(Debug, Default)]
pub(crate) struct RecordingSink {
    documents: Mutex<Vec<(Source, Value)>>,
    pub(crate) open: Arc<AtomicUsize>,
    pub(crate) unsampled: AtomicUsize,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A request in the making.
pub(crate) struct Request {
    method: Method,
    path: String,
    query: String,
    pub(crate) headers: HeaderMap,
    head_as_sent: Option<Bytes>,
    body: Bytes,
    stage: String,
    addressed: Addressed,
}

// === impl World ===

impl World {
    /// An API `orders-api` without resources.
    pub(crate) async fn new() -> Self {
        Self::with(GatewaySettings::default(), NewRestApi::default()).await
    }

    /// With requests recorded that were not sampled.
    pub(crate) async fn keeping(keep: KeepUnsampled) -> Self {
        Self::made(GatewaySettings::default(), NewRestApi::default(), keep).await
    }

    pub(crate) async fn with(settings: GatewaySettings, new: NewRestApi) -> Self {
        Self::made(settings, new, KeepUnsampled::default()).await
    }

    async fn made(
        settings: GatewaySettings,
        new: NewRestApi,
        keep_unsampled: KeepUnsampled,
    ) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let catalog = Arc::new(MemoryCatalog::default());
        let invoker = Arc::new(FakeInvoker {
            policy: Mutex::new(None),
            function: Mutex::new(Box::new(|_| Ok(returned(r#"{"statusCode": 200}"#)))),
            seen: Mutex::default(),
            hangs: Mutex::new(false),
        });
        let sampler = Arc::new(FakeSampler {
            decision: Mutex::new(Decision {
                sampled: true,
                how: How::Reservoir {
                    rule: "Default".into(),
                },
            }),
            asked: Mutex::default(),
            finished: Mutex::default(),
        });
        let sink = Arc::new(RecordingSink::default());
        let statistics = Statistics::default();
        let room = Room::new(ROOM);
        let parts = Parts {
            ambient: Ambient::new(Arc::clone(&clock) as _, Arc::new(SeededEntropy::new(7))),
            catalog: Arc::clone(&catalog) as _,
            invoker: Arc::clone(&invoker) as _,
            sampler: Arc::clone(&sampler) as _,
            traces: Arc::clone(&sink) as _,
            keep_unsampled,
            statistics: statistics.clone(),
            room: room.clone(),
            account: AccountId("000000000000".into()),
            settings,
        };
        let gateway = Gateway::open(parts).await.unwrap();
        let region = Region("us-east-1".into());
        let new = NewRestApi {
            name: "orders-api".to_owned(),
            ..new
        };
        let api = gateway.create_rest_api(&region, new).await.unwrap();
        *invoker.policy.lock() = Some(policy(&api.id));
        let root = ("/".to_owned(), api.root_resource_id.clone());
        Self {
            resources: Mutex::new(BTreeMap::from([root])),
            gateway,
            invoker,
            sampler,
            sink,
            statistics,
            room,
            clock,
            catalog,
            region,
            api,
        }
    }

    /// The id of the resource at `path`, made with its ancestors when it is not there.
    pub(crate) async fn resource(&self, path: &str) -> String {
        let mut at = self.api.root_resource_id.clone();
        let mut walked = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            walked = format!("{walked}/{part}");
            let known = self.resources.lock().get(&walked).cloned();
            at = match known {
                Some(id) => id,
                None => {
                    let made = self
                        .gateway
                        .create_resource(&self.region, &self.api.id, &at, part)
                        .await
                        .unwrap();
                    self.resources
                        .lock()
                        .insert(walked.clone(), made.id.clone());
                    made.id
                }
            };
        }
        at
    }

    /// The method of this resource's id.
    pub(crate) fn at<'a>(&'a self, resource_id: &'a str, verb: &'a str) -> MethodAt<'a> {
        MethodAt {
            region: &self.region,
            api_id: &self.api.id,
            resource_id,
            verb,
        }
    }

    pub(crate) async fn integrate(&self, verb: &str, path: &str, integration: NewIntegration) {
        let resource = self.resource(path).await;
        let method = NewMethod {
            authorization_type: "NONE".to_owned(),
            ..NewMethod::default()
        };
        self.gateway
            .put_method(self.at(&resource, verb), method)
            .await
            .unwrap();
        self.gateway
            .put_integration(self.at(&resource, verb), integration)
            .await
            .unwrap();
    }

    /// AWS_PROXY to the function `orders`.
    pub(crate) async fn proxy(&self, verb: &str, path: &str) {
        self.integrate(verb, path, proxy(FUNCTION)).await;
    }

    /// MOCK that answers `body` with 200.
    pub(crate) async fn mock(&self, verb: &str, path: &str, body: &str) {
        self.integrate(verb, path, mock(r#"{"statusCode": 200}"#))
            .await;
        self.mock_response(verb, path, "200", |response| {
            response
                .response_templates
                .insert("application/json".to_owned(), body.to_owned());
        })
        .await;
    }

    pub(crate) async fn mock_response(
        &self,
        verb: &str,
        path: &str,
        status: &str,
        change: impl FnOnce(&mut fluoro_gateway::records::IntegrationResponse),
    ) {
        let resource = self.resource(path).await;
        let mut response = fluoro_gateway::records::IntegrationResponse::default();
        change(&mut response);
        let names = response.response_parameters.keys().cloned();
        let declared = MethodResponse {
            response_parameters: names.map(|name| (name, false)).collect(),
            ..MethodResponse::default()
        };
        self.gateway
            .put_method_response(self.at(&resource, verb), status, declared)
            .await
            .unwrap();
        self.gateway
            .put_integration_response(self.at(&resource, verb), status, response)
            .await
            .unwrap();
    }

    /// Deploys to the stage `dev`, traced or not.
    pub(crate) async fn deploy(&self, tracing_enabled: bool) -> String {
        let new = NewDeployment {
            stage_name: Some("dev".to_owned()),
            tracing_enabled: Some(tracing_enabled),
            ..NewDeployment::default()
        };
        self.deploy_as(new).await
    }

    pub(crate) async fn deploy_as(&self, new: NewDeployment) -> String {
        let made = self
            .gateway
            .create_deployment(&self.region, &self.api.id, new)
            .await;
        made.unwrap().id
    }

    /// Sends a request and reads its answer whole, so that its segment is recorded afterwards.
    pub(crate) async fn send(&self, request: Request) -> Answered {
        let response = self.gateway.handle(self.stage_request(request)).await;
        let (head, body) = response.into_parts();
        Answered {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub(crate) fn stage_request(&self, request: Request) -> StageRequest {
        let query = if request.query.is_empty() {
            String::new()
        } else {
            format!("?{}", request.query)
        };
        let target = format!(
            "/_aws/execute-api/{}/{}{}{query}",
            self.api.id, request.stage, request.path
        );
        StageRequest {
            api_id: self.api.id.clone(),
            stage: request.stage,
            addressed: request.addressed,
            path: request.path,
            method: request.method,
            target: target.parse().unwrap(),
            headers: request.headers,
            head_as_sent: request.head_as_sent,
            body: http_body_util::Full::new(request.body)
                .map_err(|never| match never {})
                .boxed_unsync(),
            peer: "192.0.2.7:4711".parse().unwrap(),
            scheme: Scheme::Http,
        }
    }

    pub(crate) async fn patch_stage(&self, path: &str, value: &str) {
        let patch = PatchOperation {
            op: PatchOp::Replace,
            path: path.to_owned(),
            value: Some(value.to_owned()),
        };
        self.gateway
            .update_stage(&self.region, &self.api.id, "dev", &[patch])
            .await
            .unwrap();
    }
}

pub(crate) fn proxy(function: &str) -> NewIntegration {
    let path = format!("path/2015-03-31/functions/{function}/invocations");
    NewIntegration {
        kind: RequestedKind::AwsProxy,
        http_method: Some("POST".to_owned()),
        uri: Some(format!("arn:aws:apigateway:us-east-1:lambda:{path}")),
        ..mock("")
    }
}

pub(crate) fn mock(request: &str) -> NewIntegration {
    let template = ("application/json".to_owned(), request.to_owned());
    NewIntegration {
        kind: RequestedKind::Mock,
        http_method: None,
        uri: None,
        request_parameters: BTreeMap::new(),
        request_templates: BTreeMap::from([template]),
        passthrough: Default::default(),
        timeout_ms: None,
        cache_namespace: None,
        cache_key_parameters: Vec::new(),
    }
}

/// The policy that AddPermission writes for an API.
fn policy(api_id: &str) -> String {
    serde_json::json!({
        "Version": "2012-10-17",
        "Id": "default",
        "Statement": [{
            "Sid": "api",
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": FUNCTION,
            "Condition": {"ArnLike": {
                "AWS:SourceArn": format!("arn:aws:execute-api:us-east-1:000000000000:{api_id}/*/*/items/*"),
            }},
        }, {
            "Sid": "root",
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": FUNCTION,
            "Condition": {"ArnLike": {
                "AWS:SourceArn": format!("arn:aws:execute-api:us-east-1:000000000000:{api_id}/*/*/"),
            }},
        }],
    })
    .to_string()
}

/// What the invoker hands back when the function returned `payload`.
pub(crate) fn returned(payload: &str) -> Outcome {
    Outcome {
        payload: Bytes::copy_from_slice(payload.as_bytes()),
        error: None,
        executed_version: "$LATEST".to_owned(),
        request_id: "0d1e2f30-4152-4374-8596-a7b8c9daebfc".to_owned(),
        trace: TraceHeader {
            lineage: Some("1:ca2976ba:0".to_owned()),
            ..TraceHeader::default()
        },
        log_tail: None,
    }
}

/// What it hands back when the function raised.
pub(crate) fn raised(payload: &str) -> Outcome {
    Outcome {
        error: Some(FunctionError::Unhandled),
        ..returned(payload)
    }
}

// === impl Request ===

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::from_iter([(
                http::header::HOST,
                "localhost:4566".parse().unwrap(),
            )]),
            head_as_sent: None,
            body: Bytes::new(),
            stage: "dev".to_owned(),
            addressed: Addressed::Path,
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: http::HeaderName = name.parse().unwrap();
        self.headers.append(name, value.parse().unwrap());
        self
    }

    /// The head as it stood on the wire; the headers are read from it.
    pub(crate) fn sent_as(mut self, lines: &[&str]) -> Self {
        self.headers.clear();
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            self = self.header(name, value.trim());
        }
        let head = format!("GET / HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n"));
        self.head_as_sent = Some(head.into());
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn stage(mut self, stage: &str) -> Self {
        self.stage = stage.to_owned();
        self
    }
}

// === impl Answered ===

impl Answered {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

// === impl FakeInvoker ===

impl FakeInvoker {
    pub(crate) fn answers(
        &self,
        function: impl Fn(&Invocation) -> Result<Outcome, InvokeError> + Send + Sync + 'static,
    ) {
        *self.function.lock() = Box::new(function);
    }

    /// The only event that the function saw.
    pub(crate) fn event(&self) -> Value {
        let seen = self.seen.lock();
        assert_eq!(seen.len(), 1);
        serde_json::from_slice(&seen[0].payload).unwrap()
    }

    /// The trace header of the last invocation.
    pub(crate) fn trace(&self) -> TraceHeader {
        self.seen.lock().last().unwrap().trace.clone()
    }
}

impl std::fmt::Debug for FakeInvoker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeInvoker").finish_non_exhaustive()
    }
}

#[async_trait]
impl Invoker for FakeInvoker {
    async fn invoke(&self, invocation: Invocation) -> Result<Outcome, InvokeError> {
        let outcome = (self.function.lock())(&invocation);
        self.seen.lock().push(invocation);
        if *self.hangs.lock() {
            std::future::pending::<()>().await;
        }
        outcome
    }

    async fn resource_policy(&self, _function_arn: &str) -> Result<Option<String>, InvokeError> {
        Ok(self.policy.lock().clone())
    }
}

// === impl FakeSampler ===

impl Sampler for FakeSampler {
    fn decide(&self, _now: TimestampMicros, request: &SampledRequest<'_>) -> Decision {
        self.asked.lock().push(format!("{request:?}"));
        self.decision.lock().clone()
    }

    fn finished(&self, finished: &FinishedRequest<'_>) {
        self.finished.lock().push(Finished {
            path: finished.request.url_path.map(str::to_owned),
            how: finished.decision.how.clone(),
            took_micros: finished.ended.0 - finished.received.0,
            status: finished.status,
            kept: finished.kept,
        });
    }
}

// === impl RecordingSink ===

impl RecordingSink {
    /// The only document that was recorded.
    pub(crate) fn only(&self) -> Value {
        let documents = self.documents.lock();
        assert_eq!(documents.len(), 1, "{documents:?}");
        documents[0].1.clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.documents.lock().len()
    }

    pub(crate) fn open_now(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl TraceSink for RecordingSink {
    fn record(&self, source: &Source, document: Bytes) {
        let document = serde_json::from_slice(&document).unwrap();
        self.documents.lock().push((source.clone(), document));
    }

    fn refused(&self, _source: &Source, _reason: &str) {}

    fn open(&self, _trace: TraceId, _what: String) -> OpenWork {
        let open = Arc::clone(&self.open);
        open.fetch_add(1, Ordering::SeqCst);
        OpenWork::new(move || {
            open.fetch_sub(1, Ordering::SeqCst);
        })
    }

    fn unsampled(&self, _source: &Source) {
        self.unsampled.fetch_add(1, Ordering::SeqCst);
    }

    async fn flushed(&self) {}
}
