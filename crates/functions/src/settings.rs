//! What can be set about functions. Data only: what runs is in [`Parts`](crate::Parts).

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use fluoro_sampling::KeepUnsampled;

/// How functions are run. [`Settings::new`] has AWS's values.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where code, runtime clients and scratch directories live: `{data}/functions`.
    pub data_dir: PathBuf,
    /// What functions get as `AWS_ENDPOINT_URL`, and the base of the URLs at which their code can be fetched.
    pub endpoint: String,
    /// The command that sets limits and then becomes the runtime: our own binary and its hidden verb.
    pub sandbox: SandboxCommand,
    /// Which interpreters run managed runtimes.
    pub interpreters: Interpreters,
    /// Directories of Python packages that every Python function can import, after its own code and `boto3`'s.
    pub python_packages: Vec<PathBuf>,
    /// `node_modules` directories that every Node.js function can import from.
    pub node_modules: Vec<PathBuf>,
    /// Where the AWS SDKs are installed that functions import and the machine does not have; may be shared.
    pub package_cache: PathBuf,
    /// Which runtime clients drive Python and Node.js functions.
    pub runtime_client: RuntimeClient,
    /// Environments at the same time, all functions together. AWS's account limit is 1000.
    pub concurrency: usize,
    /// How long an unused environment is kept.
    pub idle: Duration,
    /// How long the first start of an environment may take. AWS: 10 s; then it is tried once more in the invocation.
    pub init_timeout: Duration,
    /// Waits before the second and the third attempt of an asynchronous invocation.
    pub retry_intervals: [Duration; 2],
    /// Asynchronous invocations that may wait; more are refused as throttled.
    pub event_queue: usize,
    /// How the function's segment is written.
    pub segment_style: SegmentStyle,
    /// Whether a PassThrough function records segments when the caller sampled, as AWS did until 2024.
    pub legacy_passthrough: bool,
    /// What is recorded although it was not sampled.
    pub keep_unsampled: KeepUnsampled,
    /// Log events kept in memory for each function; `{data}/functions/logs` has more.
    pub log_events: usize,
}

/// The command that precedes every runtime's own.
#[derive(Debug, Clone)]
pub struct SandboxCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments before those of [`sandbox::run`](crate::sandbox::run).
    pub arguments: Vec<OsString>,
}

/// Interpreters by family; `None` means the nearest one on `PATH`.
#[derive(Debug, Clone, Default)]
pub struct Interpreters {
    /// For every `python3.*`.
    pub python: Option<PathBuf>,
    /// For every `nodejs*`.
    pub node: Option<PathBuf>,
}

/// Whose code asks the Runtime API for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RuntimeClient {
    /// Our own clients, which need nothing installed.
    #[default]
    Embedded,
    /// AWS's own (`awslambdaric`, `aws-lambda-ric`) where the function's code or packages have them, else ours.
    Installed,
}

/// How `AWS::Lambda::Function` segments are written; the two are never mixed in one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SegmentStyle {
    /// `Initialization`, `Invocation`, `Overhead`: what guides and screenshots show.
    #[default]
    V1,
    /// `Init` and `Overhead`, with the times as annotations: what AWS writes since 2024.
    V2,
}

impl Settings {
    /// AWS's values, for data in `data_dir`, an endpoint, and a sandbox command.
    #[must_use]
    pub fn new(
        data_dir: impl Into<PathBuf>,
        endpoint: impl Into<String>,
        sandbox: SandboxCommand,
    ) -> Self {
        let data_dir = data_dir.into();
        Self {
            package_cache: data_dir.join("packages"),
            data_dir,
            endpoint: endpoint.into(),
            sandbox,
            interpreters: Interpreters::default(),
            python_packages: Vec::new(),
            node_modules: Vec::new(),
            runtime_client: RuntimeClient::default(),
            concurrency: 1000,
            idle: Duration::from_mins(10),
            init_timeout: Duration::from_secs(10),
            retry_intervals: [Duration::from_mins(1), Duration::from_mins(2)],
            event_queue: 10_000,
            segment_style: SegmentStyle::default(),
            legacy_passthrough: false,
            keep_unsampled: KeepUnsampled::default(),
            log_events: 10_000,
        }
    }
}
