//! The service over memory, and how tests call it.

use std::sync::Arc;

use crate::{Parts, SamplingRules, XRay, XRayRecords, XRaySettings};
use fluoro_ambient::{Ambient, Clock, ManualClock, SeededEntropy};
use fluoro_iam::Iam;
use fluoro_ingest::{Ingest, IngestSettings};
use fluoro_query::groups::Groups;
use fluoro_query::insights::{Insights, Listener, NoListener};
use fluoro_query::{Graphs, Rollups};
use fluoro_sampling::{RuleRecord, Sampling};
use fluoro_store::catalog::{Catalog, MemoryCatalog};
use fluoro_store::documents::DocumentLog;
use fluoro_store::hot::{HotSettings, HotTraces};
use fluoro_store::log::{Log, MemoryLog};
use fluoro_wire::{AccountId, Call, Caller, Region, Response, Service};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

/// The second at which the clock stands.
pub(crate) const NOW: i64 = 1_795_327_920;

pub(crate) const ACCOUNT: &str = "000000000000";

pub(crate) struct Fixture {
    pub(crate) xray: XRay,
    pub(crate) insights: Insights,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) iam: Iam,
    pub(crate) caller: Caller,
}

/// What a fixture stands on, where a test wants to choose.
pub(crate) struct Ground {
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) default_rule: RuleRecord,
    pub(crate) settings: XRaySettings,
    pub(crate) ingest: IngestSettings,
    pub(crate) listener: Arc<dyn Listener>,
    pub(crate) hot: HotSettings,
}

/// Status and parsed body.
pub(crate) type Answer = (StatusCode, Value);

impl Default for Ground {
    fn default() -> Self {
        Self {
            catalog: Arc::new(MemoryCatalog::default()),
            log: Arc::new(MemoryLog::default()),
            default_rule: RuleRecord::default_record(),
            settings: XRaySettings::default(),
            ingest: IngestSettings::default(),
            listener: Arc::new(NoListener),
            hot: HotSettings::default(),
        }
    }
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::on(Ground::default()).await
    }

    pub(crate) async fn on(ground: Ground) -> Self {
        let clock = Arc::new(ManualClock::at(NOW * 1_000_000));
        let ambient = Ambient::new(Arc::clone(&clock) as _, Arc::new(SeededEntropy::new(1)));
        let account = AccountId(ACCOUNT.into());
        let log = DocumentLog::open(ambient.clone(), ground.log, Vec::new());
        let groups = Groups::open(ambient.clone(), Arc::clone(&ground.catalog));
        let groups = groups.await.unwrap();
        let rollups = Arc::new(Rollups::new(Arc::new(groups.clone()), 16 << 20));
        let hot = HotTraces::open_observed(
            ambient.clone(),
            log,
            ground.hot,
            vec![Arc::new(groups.clone()), Arc::<Rollups>::clone(&rollups)],
        );
        let ingest = Ingest::open(ambient.clone(), Arc::clone(&hot), ground.ingest);
        let sampling = Sampling::new(ambient.clone(), "us-east-1", ground.default_rule, 0);
        let rules = SamplingRules::open(Arc::clone(&ground.catalog), sampling, account.clone());
        let records = XRayRecords::open(&ground.catalog).await.unwrap();
        let graphs = Graphs::new(Arc::<HotTraces>::clone(&hot), rollups);
        let insights = Insights::open(
            ambient.clone(),
            Arc::clone(&ground.catalog),
            groups.clone(),
            graphs.clone(),
            ground.listener,
        );
        let insights = insights.await.unwrap();
        let iam = Iam::open(ambient.clone(), ground.catalog, account);
        let iam = iam.await.unwrap();
        let parts = Parts {
            ambient,
            graphs,
            forecast: Arc::new(insights.clone()),
            insights: insights.clone(),
            questions: Arc::clone(hot.budget()),
            scan: hot,
            ingest: Arc::clone(&ingest),
            rules: rules.await.unwrap(),
            groups,
            records,
            iam: iam.clone(),
            settings: ground.settings,
        };
        Self {
            xray: XRay::new(parts),
            insights,
            clock,
            ingest,
            iam,
            caller: Caller::Root,
        }
    }

    /// The second at which the clock stands now.
    pub(crate) fn second(&self) -> i64 {
        self.clock.now_micros() / 1_000_000
    }

    pub(crate) fn pass_seconds(&self, seconds: u32) {
        self.clock.advance_micros(seconds * 1_000_000);
    }

    /// The whole answer to bytes sent to a path.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &[u8]) -> Response {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("user-agent", "Boto3/1.44 md/x");
        let (head, ()) = request.body(()).unwrap().into_parts();
        let call = Call {
            head: Arc::new(head),
            body: body.to_vec().into(),
            caller: self.caller.clone(),
            region: Region("us-east-1".into()),
            account: AccountId(ACCOUNT.into()),
            request_id: "5b0c6b5e-0000-4000-8000-000000000000".to_owned(),
            peer: "127.0.0.1:9".parse().unwrap(),
        };
        self.xray.call(call).await
    }

    /// Posts JSON.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let body = body.to_string();
        let response = self.send(Method::POST, path, body.as_bytes()).await;
        let body = serde_json::from_slice(response.body()).unwrap();
        (response.status(), body)
    }

    /// Posts JSON and takes the body of a success.
    pub(crate) async fn ok(&self, path: &str, body: Value) -> Value {
        let (status, body) = self.post(path, body).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    /// Posts JSON and takes the error's type and message.
    pub(crate) async fn error(&self, path: &str, body: Value) -> (String, String) {
        let body = body.to_string();
        let response = self.send(Method::POST, path, body.as_bytes()).await;
        let code = response.headers()["x-amzn-errortype"].to_str().unwrap();
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        let message = body.get("Message").or(body.get("message")).unwrap();
        let message = message.as_str().unwrap_or_default();
        (code.to_owned(), message.to_owned())
    }

    /// Stores documents, none of which may be refused.
    pub(crate) async fn store(&self, documents: &[Value]) {
        let documents: Vec<String> = documents.iter().map(Value::to_string).collect();
        let body = json!({"TraceSegmentDocuments": documents});
        let answer = self.ok("/TraceSegments", body).await;
        assert_eq!(answer, json!({"UnprocessedTraceSegments": []}));
    }
}

/// The id of a trace, X-Ray's spelling.
pub(crate) fn trace_id(number: u32) -> String {
    format!("1-67891233-{number:024x}")
}

/// A finished segment of a trace of its own, of one second.
pub(crate) fn segment(number: u32, start: i64) -> Value {
    json!({
        "name": "shop", "id": format!("{number:016x}"), "trace_id": trace_id(number),
        "start_time": start, "end_time": start + 1
    })
}

/// A sampling rule that `change` may change.
pub(crate) fn rule(name: &str, change: Value) -> Value {
    let mut rule = json!({
        "RuleName": name, "Priority": 100, "FixedRate": 0.25, "ReservoirSize": 3, "ServiceName": "*",
        "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "ResourceARN": "*", "Version": 1
    });
    for (key, value) in change.as_object().unwrap() {
        rule[key] = value.clone();
    }
    json!({"SamplingRule": rule})
}
