//! Functions over fakes: a sink and daemons that remember, a catalog in memory, a role that may write traces.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Write};
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_functions::{
    Configuration, Daemon, DaemonHost, DaemonOwner, FunctionArn, Functions, Invocation,
    InvocationSampler, InvokeError, Invoker, LogTail, NewFunction, Outcome, Parts, SandboxCommand,
    Settings, State, TracingMode, UpdateStatus,
};
use fluoro_iam::{Iam, NewRole};
use fluoro_ingest::{OpenWork, Source, TraceSink};
use fluoro_model::{TimestampMicros, TraceHeader, TraceId};
use fluoro_statistics::Statistics;
use fluoro_store::catalog::{Catalog, MemoryCatalog};
use fluoro_wire::AccountId;
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(crate) const ACCOUNT: &str = "000000000000";
pub(crate) const WAIT: Duration = Duration::from_secs(30);

/// Remembers documents, refusals, and what is open.
#[derive(Debug, Default)]
pub(crate) struct RecordingSink {
    pub(crate) documents: Mutex<Vec<Value>>,
    pub(crate) refusals: Mutex<Vec<String>>,
    pub(crate) open: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl TraceSink for RecordingSink {
    fn record(&self, _source: &Source, document: Bytes) {
        let document = serde_json::from_slice(&document).unwrap();
        self.documents.lock().unwrap().push(document);
    }

    fn refused(&self, _source: &Source, reason: &str) {
        self.refusals.lock().unwrap().push(reason.to_owned());
    }

    fn unsampled(&self, _source: &Source) {}

    fn open(&self, _trace: TraceId, what: String) -> OpenWork {
        self.open.lock().unwrap().push(what.clone());
        let open = Arc::clone(&self.open);
        OpenWork::new(move || {
            let mut open = open.lock().unwrap();
            let at = open.iter().position(|one| *one == what).unwrap();
            open.remove(at);
        })
    }

    async fn flushed(&self) {}
}

/// Opens real UDP sockets and remembers what came, by function.
#[derive(Debug, Default)]
pub(crate) struct Daemons {
    pub(crate) datagrams: Arc<Mutex<Vec<(String, Bytes)>>>,
}

#[derive(Debug)]
struct OpenDaemon {
    owner: String,
    socket: UdpSocket,
    datagrams: Arc<Mutex<Vec<(String, Bytes)>>>,
}

#[async_trait]
impl DaemonHost for Daemons {
    async fn open(&self, owner: DaemonOwner) -> io::Result<Box<dyn Daemon>> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        Ok(Box::new(OpenDaemon {
            owner: owner.function_name,
            socket,
            datagrams: Arc::clone(&self.datagrams),
        }))
    }
}

#[async_trait]
impl Daemon for OpenDaemon {
    fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    async fn drained(&self) {
        let mut buffer = [0; 65_536];
        while let Ok(read) = self.socket.recv(&mut buffer) {
            let datagram = Bytes::copy_from_slice(&buffer[..read]);
            self.datagrams
                .lock()
                .unwrap()
                .push((self.owner.clone(), datagram));
        }
    }
}

#[derive(Debug)]
struct Always;

impl InvocationSampler for Always {
    fn sampled(&self, _now: TimestampMicros, _function_arn: &str) -> bool {
        true
    }
}

/// Everything that a test works with.
pub(crate) struct World {
    pub(crate) functions: Functions,
    pub(crate) sink: Arc<RecordingSink>,
    pub(crate) statistics: Statistics,
    pub(crate) daemons: Arc<Daemons>,
    pub(crate) iam: Iam,
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) directory: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(adjust: impl FnOnce(&mut Settings)) -> Self {
        let catalog: Arc<dyn Catalog> = Arc::new(MemoryCatalog::default());
        let ambient = Ambient::system();
        let account = AccountId(ACCOUNT.into());
        let iam = Iam::open(ambient.clone(), Arc::clone(&catalog), account)
            .await
            .unwrap();
        for name in ["traces", "silent"] {
            iam.create_role(role(name)).await.unwrap();
        }
        iam.attach_role_policy("traces", "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess")
            .await
            .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let mut settings = settings(&directory);
        adjust(&mut settings);
        let world = Self::over(iam, catalog, directory, settings).await;
        world.functions.run_events();
        world
    }

    /// A second life over the same catalog and directory, in which events do not run yet.
    pub(crate) async fn again(self) -> Self {
        let settings = settings(&self.directory);
        Self::over(self.iam, self.catalog, self.directory, settings).await
    }

    async fn over(
        iam: Iam,
        catalog: Arc<dyn Catalog>,
        directory: tempfile::TempDir,
        settings: Settings,
    ) -> Self {
        let sink = Arc::new(RecordingSink::default());
        let daemons = Arc::new(Daemons::default());
        let statistics = Statistics::default();
        let parts = Parts {
            ambient: Ambient::system(),
            catalog: Arc::clone(&catalog),
            iam: iam.clone(),
            sink: Arc::clone(&sink) as Arc<dyn TraceSink>,
            daemons: Arc::clone(&daemons) as Arc<dyn DaemonHost>,
            sampler: Arc::new(Always),
            statistics: statistics.clone(),
        };
        let functions = Functions::open(parts, settings).await.unwrap();
        Self {
            functions,
            sink,
            statistics,
            daemons,
            iam,
            catalog,
            directory,
        }
    }

    /// Creates a Python function of one file and waits until it is active.
    pub(crate) async fn python(&self, name: &str, source: &str) -> FunctionArn {
        self.create(name, &[("app.py", source)], |_| {}).await
    }

    pub(crate) async fn create(
        &self,
        name: &str,
        files: &[(&str, &str)],
        configure: impl FnOnce(&mut Configuration),
    ) -> FunctionArn {
        let arn = FunctionArn::resolve(name, None, "us-east-1", ACCOUNT).unwrap();
        let mut configuration = configuration();
        configure(&mut configuration);
        let new = NewFunction {
            arn: arn.clone(),
            configuration,
            archive: archive(files),
            tags: BTreeMap::new(),
        };
        self.functions.create(new).await.unwrap();
        self.ready(&arn).await;
        arn
    }

    pub(crate) async fn ready(&self, arn: &FunctionArn) {
        until(|| {
            let function = self.functions.get(arn).unwrap();
            function.state == State::Active && function.update == UpdateStatus::Successful
        })
        .await;
    }

    pub(crate) async fn invoke(&self, arn: &FunctionArn, event: &str) -> Outcome {
        self.invoke_traced(arn, event, "").await
    }

    pub(crate) async fn invoke_traced(
        &self,
        arn: &FunctionArn,
        event: &str,
        header: &str,
    ) -> Outcome {
        self.functions
            .invoke(invocation(arn, event, header))
            .await
            .unwrap()
    }

    pub(crate) async fn refused(&self, arn: &FunctionArn) -> InvokeError {
        self.functions
            .invoke(invocation(arn, "{}", ""))
            .await
            .unwrap_err()
    }

    /// Waits until nothing is open any more.
    pub(crate) async fn settled(&self) {
        until(|| self.sink.open.lock().unwrap().is_empty()).await;
    }

    /// Completed documents of an origin.
    pub(crate) fn segments(&self, origin: &str) -> Vec<Value> {
        let documents = self.sink.documents.lock().unwrap();
        let complete = documents
            .iter()
            .filter(|one| one["origin"] == origin && one.get("in_progress").is_none());
        complete.cloned().collect()
    }
}

/// A role that Lambda may assume.
pub(crate) fn role(name: &str) -> NewRole {
    NewRole {
        trust_policy: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#.to_owned(),
        path: "/".to_owned(),
        name: name.to_owned(),
        description: None,
        max_session_duration_seconds: 3600,
        tags: Vec::new(),
        permissions_boundary: None,
    }
}

fn settings(directory: &tempfile::TempDir) -> Settings {
    let sandbox = SandboxCommand {
        program: env!("CARGO_BIN_EXE_fluoro-sandbox").into(),
        arguments: Vec::new(),
    };
    Settings::new(
        directory.path().join("functions"),
        "http://127.0.0.1:4566",
        sandbox,
    )
}

pub(crate) fn configuration() -> Configuration {
    Configuration {
        runtime: "python3.12".to_owned(),
        role: format!("arn:aws:iam::{ACCOUNT}:role/traces"),
        handler: "app.handler".to_owned(),
        description: String::new(),
        timeout_seconds: 20,
        memory_mb: 256,
        environment: None,
        tracing: TracingMode::PassThrough,
        architecture: "x86_64".to_owned(),
        ephemeral_storage_mb: 512,
        log_group: None,
    }
}

pub(crate) fn invocation(arn: &FunctionArn, event: &str, header: &str) -> Invocation {
    Invocation {
        function_arn: arn.to_string(),
        payload: Bytes::copy_from_slice(event.as_bytes()),
        trace: TraceHeader::parse(header),
        client_context: None,
        log_tail: LogTail::Tail,
    }
}

pub(crate) fn archive(files: &[(&str, &str)]) -> Bytes {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        let options = SimpleFileOptions::default().unix_permissions(0o755);
        writer.start_file(*name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner().into()
}

pub(crate) fn json(payload: &Bytes) -> Value {
    serde_json::from_slice(payload).unwrap()
}

/// Looks until the condition holds; fails when it never does.
pub(crate) async fn until(mut holds: impl FnMut() -> bool) {
    let looking = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(WAIT, looking)
        .await
        .expect("the condition holds in time");
}
