//! The handle that everybody holds.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use fluoro_ambient::Ambient;
use fluoro_iam::Iam;
use fluoro_ingest::{Door, Source, TraceSink};
use fluoro_model::TimestampMicros;
use fluoro_sampling::Kept;
use fluoro_statistics::Statistics;
use fluoro_store::catalog::{Catalog, CatalogError, Table};
use fluoro_store::log::disk::make_directory;
use parking_lot::{Mutex, RwLock};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::alive::AliveEnvironment;
use crate::arn::FunctionArn;
use crate::clients::Clients;
use crate::code::CodeStore;
use crate::daemon_host::DaemonHost;
use crate::dependencies::Dependencies;
use crate::environment::{Host, Serving};
use crate::events::{Queue, QueuedEvent};
use crate::invoke::{Invocation, InvokeError, Invoker, LogTail, Outcome};
use crate::leftovers::Mark;
use crate::live::Live;
use crate::log::FunctionLog;
use crate::memory::MemoryWatch;
use crate::process::Spawner;
use crate::record::{Function, TracingMode};
use crate::run::{Job, NoRun, Ran, session};
use crate::runtime::Finder;
use crate::segments::{self, ServiceSegment};
use crate::settings::Settings;
use crate::tracing_plan::{Asked, Plan};

/// The largest event of a synchronous invocation. Source: Lambda quotas.
pub const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;

/// How long the end of the functions' logs may take to be written at shutdown.
const LOG_GRACE: Duration = Duration::from_secs(2);

/// Lambda's own sampler: which requests an Active function records when the caller did not say.
pub trait InvocationSampler: Send + Sync + fmt::Debug {
    /// Decides for one invocation of the function with this unqualified ARN.
    fn sampled(&self, now: TimestampMicros, function_arn: &str) -> bool;
}

/// What functions work with.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Time and randomness.
    pub ambient: Ambient,
    /// Keeps functions and accepted events.
    pub catalog: Arc<dyn Catalog>,
    /// Roles and their rights.
    pub iam: Iam,
    /// Takes the service's own segments.
    pub sink: Arc<dyn TraceSink>,
    /// Opens each environment's daemon address.
    pub daemons: Arc<dyn DaemonHost>,
    /// Decides what Active functions record.
    pub sampler: Arc<dyn InvocationSampler>,
    /// Counts the invocations.
    pub statistics: Statistics,
}

/// Why functions could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalog failed.
    #[error("failed to load functions")]
    Catalog(#[from] CatalogError),
    /// A directory or an embedded runtime client could not be written.
    #[error("failed to prepare {path}")]
    Prepare {
        /// What was being written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Functions, their environments, queues and logs. Clones share everything.
#[derive(Clone)]
pub struct Functions {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) parts: Parts,
    pub(crate) host: Host,
    pub(crate) code: CodeStore,
    /// Held for reading while code is looked at, or stored and not yet anybody's; for writing while what nobody needs
    /// is removed.
    pub(crate) code_in_use: tokio::sync::RwLock<()>,
    /// Everything that was ever served and may run still.
    pub(crate) served: Mutex<Vec<Weak<Serving>>>,
    /// Told when code may be nobody's any more.
    pub(crate) retired: mpsc::Sender<()>,
    pub(crate) records: Table<Function>,
    pub(crate) events: Table<QueuedEvent>,
    pub(crate) queue: Queue,
    pub(crate) dependencies: Dependencies,
    pub(crate) known: RwLock<BTreeMap<FunctionArn, Arc<Live>>>,
    /// Places for environments, all functions together.
    places: Arc<Semaphore>,
    generations: AtomicU64,
    /// Work that goes on behind answers.
    running: watch::Sender<usize>,
    pub(crate) closing: watch::Sender<bool>,
    /// Whether events may be tried: see [`Functions::run_events`].
    pub(crate) events_run: watch::Sender<bool>,
}

impl Functions {
    /// Loads what the catalog has and takes up the events that were accepted before; see [`Self::run_events`].
    ///
    /// # Errors
    ///
    /// When the catalog fails or the data directory cannot be written.
    pub async fn open(parts: Parts, mut settings: Settings) -> Result<Self, OpenError> {
        settings.data_dir = prepare(&settings.data_dir, |path| {
            make_directory(path)?;
            // Processes run elsewhere: whatever they are told must not depend on our working directory.
            fs::canonicalize(path)
        })?;
        let data = &settings.data_dir.clone();
        let mark = Mark::new(data, &parts.ambient);
        let scratch = data.join("scratch");
        // A run that ended in order took its environments' directories with it: then nobody needs to be looked for.
        if fs::read_dir(&scratch).is_ok_and(|mut left| left.next().is_some()) {
            end_leftovers(&mark).await;
        }
        prepare(&scratch, |path| {
            // What an earlier process left behind.
            let _absent = fs::remove_dir_all(path);
            fs::create_dir_all(path)
        })?;
        let packages = package_cache(&settings.package_cache, data)?;
        let dependencies = Dependencies::new(&packages);
        // Behind what the settings name.
        settings
            .python_packages
            .push(dependencies.python_packages());
        settings.node_modules.push(dependencies.node_modules());
        let clients = prepare(&data.join("runtime"), |_| Clients::install(data))?;
        let code = prepare(&data.join("code"), |path| CodeStore::open(path.to_owned()))?;
        let spawner = prepare(data, |_| {
            Spawner::new(mark.clone(), settings.sandbox.clone())
        })?;
        let host = Host {
            ambient: parts.ambient.clone(),
            iam: parts.iam.clone(),
            daemons: Arc::clone(&parts.daemons),
            spawner,
            mark: mark.value(),
            memory: MemoryWatch::default(),
            finder: Finder::new(settings.interpreters.clone()),
            clients,
            scratch,
            settings,
        };
        let (retired, unused) = mpsc::channel(1);
        let inner = Arc::new(Inner {
            places: Arc::new(Semaphore::new(host.settings.concurrency)),
            host,
            code,
            code_in_use: tokio::sync::RwLock::default(),
            served: Mutex::default(),
            retired,
            records: Table::new(Arc::clone(&parts.catalog), "functions/records/"),
            events: Table::new(Arc::clone(&parts.catalog), "functions/events/"),
            queue: Queue::default(),
            dependencies,
            known: RwLock::default(),
            generations: AtomicU64::new(1),
            running: watch::Sender::new(0),
            closing: watch::Sender::new(false),
            events_run: watch::Sender::new(false),
            parts,
        });
        inner.load().await?;
        tokio::spawn(reap(Arc::downgrade(&inner), inner.host.settings.idle));
        tokio::spawn(clear(Arc::downgrade(&inner), unused));
        inner.resume_events().await?;
        Ok(Self { inner })
    }

    /// Lets events run from now on, those that were accepted before among them. Until what functions call is there to
    /// answer them, they would only use up their attempts.
    pub fn run_events(&self) {
        self.inner.events_run.send_replace(true);
    }

    /// Ends all environments, after what runs has had until `grace` to end.
    pub async fn shutdown(&self, grace: Duration) {
        self.inner.closing.send_replace(true);
        let mut running = self.inner.running.subscribe();
        let idle = running.wait_for(|running| *running == 0);
        if tokio::time::timeout(grace, idle).await.is_err() {
            let left = *self.inner.running.borrow();
            tracing::warn!(left, "invocations were ended before they were done");
        }
        let known = std::mem::take(&mut *self.inner.known.write());
        for live in known.values() {
            live.close();
        }
        let kept = async {
            for live in known.values() {
                live.log.flushed().await;
            }
        };
        if tokio::time::timeout(LOG_GRACE, kept).await.is_err() {
            tracing::warn!("the end of some functions' logs is not kept");
        }
    }

    /// What functions get as `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.inner.settings().endpoint
    }

    /// Environments that may be there at the same time, all functions together.
    #[must_use]
    pub fn concurrency(&self) -> usize {
        self.inner.settings().concurrency
    }

    /// A function's environments that are alive, the oldest first; none when there is no such function.
    #[must_use]
    pub fn environments(&self, function: &FunctionArn) -> Vec<AliveEnvironment> {
        let live = self.inner.live(function);
        live.map(|live| live.alive.all()).unwrap_or_default()
    }

    /// Whether the function's role may write traces now, and if not why.
    ///
    /// # Errors
    ///
    /// When it may not; the error is IAM's word for it.
    pub fn may_write_traces(&self, function: &Function) -> Result<(), String> {
        let role = &function.latest.configuration.role;
        (self
            .inner
            .host
            .write_gate(session(role, &function.arn.name)))()
    }

    /// A function's log; `None` when there is no such function.
    #[must_use]
    pub fn log(&self, function: &FunctionArn) -> Option<Arc<FunctionLog>> {
        self.inner.live(function).map(|live| Arc::clone(&live.log))
    }
}

/// The cache that is set, else one of our own: no function needs to fail because a home directory is not to be had.
fn package_cache(wanted: &Path, data: &Path) -> Result<PathBuf, OpenError> {
    let make = |path: &Path| {
        fs::create_dir_all(path)?;
        fs::canonicalize(path)
    };
    prepare(wanted, make).or_else(|error| {
        tracing::warn!(
            error = crate::error_chain(&error),
            "AWS SDKs go into the data directory"
        );
        prepare(&data.join("packages"), make)
    })
}

/// Ends what an earlier run that was killed left behind, before its directories are used again.
async fn end_leftovers(mark: &Mark) {
    let mark = mark.clone();
    match tokio::task::spawn_blocking(move || mark.kill_earlier()).await {
        Ok(0) => {}
        Ok(killed) => tracing::warn!(killed, "killed processes that an earlier run left behind"),
        Err(error) => tracing::error!(%error, "cannot look for processes left behind"),
    }
}

fn prepare<T>(path: &Path, write: impl FnOnce(&Path) -> io::Result<T>) -> Result<T, OpenError> {
    write(path).map_err(|source| OpenError::Prepare {
        path: path.to_owned(),
        source,
    })
}

/// Ends environments that have been idle for too long, as long as there are functions.
async fn reap(functions: Weak<Inner>, idle: Duration) {
    let interval = (idle / 4).clamp(Duration::from_millis(100), Duration::from_secs(30));
    let idle = i64::try_from(idle.as_micros()).unwrap_or(i64::MAX);
    loop {
        tokio::time::sleep(interval).await;
        let Some(inner) = functions.upgrade() else {
            return;
        };
        let oldest = inner.now().saturating_sub(idle);
        for live in inner.all() {
            live.retire(|since| since >= oldest);
        }
    }
}

/// Removes code that nobody has any more, as long as there are functions.
async fn clear(functions: Weak<Inner>, mut unused: mpsc::Receiver<()>) {
    while unused.recv().await.is_some() {
        let Some(inner) = functions.upgrade() else {
            return;
        };
        inner.remove_unused_code().await;
    }
}

impl Inner {
    pub(crate) fn now(&self) -> i64 {
        self.parts.ambient.now_micros()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.host.settings
    }

    /// The function's log, going on where it ended. By digest as well: a region may be any text.
    pub(crate) fn open_log(&self, arn: &FunctionArn) -> Arc<FunctionLog> {
        let digest = hex::encode(&Sha256::digest(arn.to_string())[..8]);
        let directory = self.settings().data_dir.join("logs");
        let directory = directory.join(format!("{}-{digest}", arn.name));
        FunctionLog::open(&directory, self.settings().log_events)
    }

    pub(crate) fn live(&self, function: &FunctionArn) -> Option<Arc<Live>> {
        self.known.read().get(&function.unqualified()).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Live>> {
        self.known.read().values().cloned().collect()
    }

    pub(crate) fn next_generation(&self) -> u64 {
        self.generations.fetch_add(1, Ordering::Relaxed)
    }

    /// A place for one more environment; an idle one of any function makes room.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return Some(place);
            }
            if !self.all().iter().any(|live| live.evict()) {
                return None;
            }
        }
    }

    /// Work that shutdown waits for.
    pub(crate) fn background(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let running = Running::begin(Arc::clone(self));
        tokio::spawn(async move {
            work.await;
            drop(running);
        });
    }

    /// What is meant by an ARN that somebody wants to invoke.
    pub(crate) fn target(&self, given: &str) -> Result<(Arc<Live>, FunctionArn), InvokeError> {
        let not_found = |arn: &FunctionArn| InvokeError::NotFound {
            arn: FunctionArn {
                qualifier: Some(
                    arn.qualifier
                        .clone()
                        .unwrap_or_else(|| "$LATEST".to_owned()),
                ),
                ..arn.clone()
            }
            .to_string(),
        };
        let arn = FunctionArn::parse(given).map_err(|_| InvokeError::NotFound {
            arn: given.to_owned(),
        })?;
        let live = self.live(&arn).ok_or_else(|| not_found(&arn))?;
        if !arn.is_latest() {
            return Err(not_found(&arn));
        }
        Ok((live, arn))
    }

    pub(crate) fn plan(&self, live: &Live, trace: &fluoro_model::TraceHeader) -> Plan {
        let record = live.record();
        let asked = Asked {
            header: trace,
            mode: record.latest.configuration.tracing,
            function: &live.arn,
            legacy_passthrough: self.settings().legacy_passthrough,
            keeps_unsampled: self.settings().keep_unsampled.anything(),
        };
        let now = TimestampMicros(self.now());
        let plan = Plan::decide(&self.parts.ambient, &asked, || {
            self.parts.sampler.sampled(now, &live.arn.to_string())
        });
        if asked.mode == TracingMode::Active && plan.recorded.is_none() {
            self.parts.sink.unsampled(&source(&live.arn));
        }
        plan
    }

    async fn invoke(self: Arc<Self>, invocation: Invocation) -> Result<Outcome, InvokeError> {
        let accepted = self.now();
        let (live, invoked) = self.target(&invocation.function_arn)?;
        let size = invocation.payload.len();
        if size > PAYLOAD_LIMIT {
            return Err(InvokeError::TooLarge {
                size,
                limit: PAYLOAD_LIMIT,
            });
        }
        let serving = live.serving().ok_or_else(|| InvokeError::NotReady {
            state: live.record().state.name().to_owned(),
        })?;
        let plan = self.plan(&live, &invocation.trace);
        let request_id: Arc<str> = self.parts.ambient.uuid().into();
        // Held until the service's segment is handed over.
        let _open = plan.recorded.map(|_| {
            let what = format!("answer of {} ({request_id})", invoked.name);
            self.parts.sink.open(plan.trace, what)
        });
        let job = Job {
            live: Arc::clone(&live),
            serving: Arc::clone(&serving),
            invoked: invoked.clone(),
            request_id: Arc::clone(&request_id),
            payload: invocation.payload,
            client_context: invocation.client_context,
            parent: plan.ids().map(|recorded| recorded.service),
            plan: plan.clone(),
            want_tail: invocation.log_tail == LogTail::Tail,
        };
        let ran = self.run(job).await;
        let kept = self.kept(&ran);
        if let Some(recorded) = plan.worth(kept) {
            let document = segments::service(&ServiceSegment {
                id: recorded.service,
                trace: plan.trace,
                parent: recorded.parent,
                function: &invoked,
                request_id: &request_id,
                span: (accepted, self.now()),
                status: status(&ran),
                kept: plan.kept(kept),
            });
            self.record(&live.arn, &serving, &document);
        }
        match ran {
            Ok(ran) => Ok(Outcome {
                payload: ran.payload,
                error: ran.error,
                executed_version: serving.version.clone(),
                request_id: request_id.to_string(),
                trace: plan.for_caller(),
                log_tail: ran.tail.filter(|_| invocation.log_tail == LogTail::Tail),
            }),
            Err(NoRun::Throttled(reason)) => Err(InvokeError::Throttled {
                reason,
                trace: Box::new(plan.for_caller()),
            }),
            Err(NoRun::Service(error)) => Err(InvokeError::Service(error)),
        }
    }
}

impl Inner {
    /// Why an invocation is worth recording although it was not sampled; throttled ones are not.
    fn kept(&self, ran: &Result<Ran, NoRun>) -> Option<Kept> {
        match ran {
            Ok(ran) => ran.kept,
            Err(NoRun::Throttled(_)) => None,
            Err(NoRun::Service(_)) => self.settings().keep_unsampled.judge(true, 0),
        }
    }
}

/// Under which name documents of this function's are counted.
pub(crate) fn source(function: &FunctionArn) -> Source {
    Source {
        door: Door::Functions,
        client: function.name.clone(),
    }
}

fn status(ran: &Result<Ran, NoRun>) -> u16 {
    match ran {
        Ok(_) => 200,
        Err(NoRun::Throttled(_)) => 429,
        Err(NoRun::Service(_)) => 500,
    }
}

/// Counts work while it runs.
pub(crate) struct Running {
    inner: Arc<Inner>,
}

impl Running {
    pub(crate) fn begin(inner: Arc<Inner>) -> Self {
        inner.running.send_modify(|running| *running += 1);
        Self { inner }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.inner.running.send_modify(|running| *running -= 1);
    }
}

#[async_trait]
impl Invoker for Functions {
    async fn invoke(&self, invocation: Invocation) -> Result<Outcome, InvokeError> {
        if *self.inner.closing.borrow() {
            return Err(InvokeError::Service("the server is shutting down".into()));
        }
        let inner = Arc::clone(&self.inner);
        let running = Running::begin(Arc::clone(&inner));
        // A caller that goes away does not take the invocation along.
        let run = tokio::spawn(async move {
            let outcome = inner.invoke(invocation).await;
            drop(running);
            outcome
        });
        run.await
            .unwrap_or_else(|error| Err(InvokeError::Service(error.into())))
    }

    async fn resource_policy(&self, function_arn: &str) -> Result<Option<String>, InvokeError> {
        let not_found = || InvokeError::NotFound {
            arn: function_arn.to_owned(),
        };
        let arn = FunctionArn::parse(function_arn).map_err(|_| not_found())?;
        let live = self.inner.live(&arn).ok_or_else(not_found)?;
        Ok(live.record().policy())
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Functions")
            .field("known", &self.inner.known.read().len())
            .field("settings", self.inner.settings())
            .finish_non_exhaustive()
    }
}
