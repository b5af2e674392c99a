//! What an operator may set: from `fluoro.toml`, `FLUORO_*` and flags, later ones winning.
//!
//! [`Settings`] is typed and whole; [`KEYS`] is the one table of what exists, how it is written and what it is
//! when nobody says. Everything is read and judged before a port opens; a key that does not exist is an error that
//! names the nearest one that does. [`Loaded`] remembers where each value came from.

mod keys;
mod load;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use fluoro_functions::{RuntimeClient, SegmentStyle};
use fluoro_gateway::GatewaySettings;
use fluoro_otlp::Indexed;
use fluoro_wire::{AccountId, Region};
use http::Uri;

pub use keys::{KEYS, Key};
pub use load::{Layer, Loaded, Origin, SettingsError, load};
pub use text::ByteSize;
pub(crate) use text::parse_duration;

use crate::downstream::DownstreamAddress;

/// Everything that can be set. Values are resolved; components are built from them later.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The data directory.
    pub data: PathBuf,
    /// The address of every AWS API, the stages and our own API.
    pub listen: SocketAddr,
    /// The X-Ray daemon's address, UDP and TCP.
    pub daemon: SocketAddr,
    /// The address of OTLP over HTTP; none: it is not taken.
    pub otlp_http: Option<SocketAddr>,
    /// How much is traced when no custom rule says.
    pub sample: Sample,
    /// The account that owns everything.
    pub account: AccountId,
    /// The region of calls that name none.
    pub region: Region,
    /// `Host` names under which management calls may come, besides loopback: `fluoro`, `*.example.test`.
    pub hosts: Vec<String>,
    /// Whether listeners may be reached from other machines although nobody there is asked who they are.
    pub insecure_listen: bool,
    /// How long requests and functions get to end when the server is told to stop.
    pub shutdown: Duration,
    /// Where calls of services that are not ours go, by signing name.
    pub downstream: BTreeMap<String, DownstreamAddress>,
    /// The section `[store]`.
    pub store: StoreSettings,
    /// The section `[bucket]`.
    pub bucket: BucketSettings,
    /// The section `[query]`.
    pub query: QuerySettings,
    /// The section `[sql]`.
    pub sql: SqlSettings,
    /// The section `[otlp]`.
    pub otlp: OtlpSettings,
    /// The section `[sampling]`.
    pub sampling: SamplingSettings,
    /// The section `[gateway]`.
    pub gateway: GatewaySettings,
    /// The section `[functions]`.
    pub functions: FunctionSettings,
    /// The section `[insights]`.
    pub insights: InsightSettings,
    /// The section `[limits]`.
    pub limits: Limits,
}

/// How much is traced when no custom rule and no caller says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Everything: the Default rule and Lambda's own sampler begin at rate 1.
    All,
    /// As AWS: one request a second and 5 % of the rest.
    Rules,
}

/// What is kept, and how much memory it may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// Where traces at rest are.
    pub blocks: BlocksPlace,
    /// How long after its receipt a document is kept. AWS keeps 30 days.
    pub retention: Duration,
    /// The size of log and blocks on disk beyond which the oldest traces go.
    pub size: ByteSize,
    /// How long after its receipt a document is written to a block at the latest.
    pub flush: Duration,
    /// What the index of hot traces may take in memory; beyond it they are written to blocks.
    pub memory: ByteSize,
    /// What the latest documents may take in memory.
    pub cache: ByteSize,
    /// What blocks say of themselves may take in memory.
    pub metadata: ByteSize,
}

/// Where traces at rest are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum BlocksPlace {
    /// In the data directory.
    #[default]
    DataDirectory,
    /// In a bucket, under a prefix: `s3://bucket/prefix`.
    #[cfg(feature = "s3")]
    Bucket {
        /// Its name.
        bucket: String,
        /// Without a slash at either end; may be empty.
        prefix: String,
    },
}

/// How the bucket of traces at rest is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketSettings {
    /// The store's address; that of AWS when there is none.
    pub endpoint: Option<Uri>,
    /// The region that requests are signed for; the environment's when there is none.
    pub region: Option<Region>,
    /// Whether the bucket's name stands in the path.
    pub path_style: bool,
    /// How much of what was read is held in memory.
    pub cache: ByteSize,
}

/// What questions under way may take, of the X-Ray API and of exports, all together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerySettings {
    /// How much memory they may hold; who would hold more is refused, as to ask again.
    pub memory: ByteSize,
    /// How many of them look through many traces at a time; others wait.
    pub scans: usize,
}

/// What a statement of SQL may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlSettings {
    /// How much memory sorting, grouping and joining may take for one.
    pub memory: ByteSize,
    /// How long one may take, until its answer is read.
    pub timeout: Duration,
}

/// How spans become segments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtlpSettings {
    /// Attributes that become annotations.
    pub indexed_attributes: Indexed,
}

/// What happens to requests that are not sampled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamplingSettings {
    /// Whether what failed is recorded afterwards, as far as the gateway and the functions know of it. AWS has none.
    pub keep_faults: bool,
    /// How long something must take to be recorded afterwards; zero: nothing is for that.
    pub keep_slow: Duration,
    /// Requests that are remembered, to say why they were or were not sampled, and to try new rules on.
    pub recent: usize,
}

/// How functions are run. What the `functions` crate needs beyond this, composition knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSettings {
    /// How `AWS::Lambda::Function` segments are written.
    pub lambda_segment_style: SegmentStyle,
    /// Whether a PassThrough function records segments when the caller sampled, as AWS did until 2024.
    pub lambda_legacy_passthrough: bool,
    /// Environments at the same time, all functions together. AWS's account limit is 1000.
    pub concurrency: usize,
    /// How long an unused environment is kept.
    pub idle: Duration,
    /// The waits before the second and the third attempt of an asynchronous invocation.
    pub retry_intervals: [Duration; 2],
    /// Whose code asks the Runtime API for events.
    pub runtime_client: RuntimeClient,
    /// The interpreter of every `python3.*`; the nearest on `PATH` when not set.
    pub python: Option<PathBuf>,
    /// The interpreter of every `nodejs*`; the nearest on `PATH` when not set.
    pub node: Option<PathBuf>,
    /// Directories of Python packages that every Python function can import, after its own code.
    pub python_packages: Vec<PathBuf>,
    /// `node_modules` directories that every Node.js function can import from, after its own code.
    pub node_modules: Vec<PathBuf>,
    /// Where AWS SDKs are installed that functions import and nobody has; below the data directory when not set.
    pub package_cache: Option<PathBuf>,
}

/// Who is told of insights.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InsightSettings {
    /// Where each change of an insight is posted to, of groups that want notifications.
    pub webhook: Option<Uri>,
}

/// What listeners and services take before they refuse, and how much they answer at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once on each TCP listener; more wait in the kernel's queue.
    pub connections: usize,
    /// Bytes of a request's line and headers; more is answered 431.
    pub header: ByteSize,
    /// Time in which a request's head must have come, also that of the next request on a kept connection.
    pub header_timeout: Duration,
    /// Bytes of documents that one trace may have; one that has more takes no further ones. AWS: 100 to 500 KB.
    pub trace_size: ByteSize,
    /// Bytes of one segment document. AWS documents 64 KB and was seen to take more.
    pub document_size: ByteSize,
    /// Bytes of one OTLP request, as sent and unpacked; more is answered 413.
    pub otlp_request: ByteSize,
    /// Annotations that are indexed of one trace. AWS: 50.
    pub trace_annotations: usize,
    /// The longest window of a list of traces. AWS documents 6 hours and was seen to answer 10.
    pub summaries_window: Duration,
    /// The longest window of a service graph. AWS: 6 hours.
    pub graph_window: Duration,
    /// Traces in one page of a list.
    pub summaries_page: usize,
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: ".fluoro".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 4566)),
            daemon: SocketAddr::from(([127, 0, 0, 1], 2000)),
            otlp_http: Some(SocketAddr::from(([127, 0, 0, 1], 4318))),
            sample: Sample::Rules,
            account: AccountId("000000000000".into()),
            region: Region("us-east-1".into()),
            hosts: Vec::new(),
            insecure_listen: false,
            shutdown: Duration::from_secs(10),
            downstream: BTreeMap::new(),
            store: StoreSettings::default(),
            bucket: BucketSettings::default(),
            query: QuerySettings::default(),
            sql: SqlSettings::default(),
            otlp: OtlpSettings::default(),
            sampling: SamplingSettings::default(),
            gateway: GatewaySettings::default(),
            functions: FunctionSettings::default(),
            insights: InsightSettings::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for QuerySettings {
    fn default() -> Self {
        Self {
            memory: ByteSize(128 << 20),
            scans: 2,
        }
    }
}

impl Default for SqlSettings {
    fn default() -> Self {
        Self {
            memory: ByteSize(256 << 20),
            timeout: Duration::from_mins(1),
        }
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            blocks: BlocksPlace::default(),
            retention: Duration::from_hours(30 * 24),
            size: ByteSize(20 << 30),
            flush: Duration::from_mins(10),
            memory: ByteSize(112 << 20),
            cache: ByteSize(48 << 20),
            metadata: ByteSize(64 << 20),
        }
    }
}

impl Default for BucketSettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            path_style: true,
            cache: ByteSize(64 << 20),
        }
    }
}

impl Default for SamplingSettings {
    fn default() -> Self {
        Self {
            keep_faults: false,
            keep_slow: Duration::ZERO,
            recent: 10_000,
        }
    }
}

impl Default for FunctionSettings {
    fn default() -> Self {
        Self {
            lambda_segment_style: SegmentStyle::default(),
            lambda_legacy_passthrough: false,
            concurrency: 1000,
            idle: Duration::from_mins(10),
            retry_intervals: [Duration::from_mins(1), Duration::from_mins(2)],
            runtime_client: RuntimeClient::default(),
            python: None,
            node: None,
            python_packages: Vec::new(),
            node_modules: Vec::new(),
            package_cache: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            header: ByteSize(64 * 1024),
            header_timeout: Duration::from_secs(60),
            trace_size: ByteSize(500 << 10),
            document_size: ByteSize(500 << 10),
            otlp_request: ByteSize(20 << 20),
            trace_annotations: 50,
            summaries_window: Duration::from_hours(24),
            graph_window: Duration::from_hours(6),
            summaries_page: 100,
        }
    }
}
