//! The one table of keys: what can be set, what it means, and how its text becomes a value.

use fluoro_store::log::LARGEST_DOCUMENT;

use super::text::Text as _;
use super::{ByteSize, Settings};

/// One thing that can be set.
#[derive(Debug)]
pub struct Key {
    /// As in `fluoro.toml`, with its section: `gateway.passive_recording`.
    pub name: &'static str,
    /// What it decides, for people.
    pub help: &'static str,
    pub(super) set: fn(&mut Settings, &str) -> Result<(), String>,
    pub(super) show: fn(&Settings) -> String,
}

/// A trace is made, and answered, as a whole: that takes about twelve times its bytes.
const LARGEST_TRACE: usize = 64 << 20;

/// A size up to the largest, of which is said what it is.
fn at_most((largest, what): (usize, &str), text: &str) -> Result<ByteSize, String> {
    let mut size = ByteSize(0);
    size.assign(text)?;
    match size.as_usize() > largest {
        true => Err(format!("expected at most {what}")),
        false => Ok(size),
    }
}

macro_rules! key {
    ($name:literal, $help:literal, $($field:ident).+) => {
        Key {
            name: $name,
            help: $help,
            set: |settings, text| {
                settings.$($field).+.assign(text)
            },
            show: |settings| settings.$($field).+.show(),
        }
    };
}

/// Every key but those of `[downstream]`, which are signing names.
pub const KEYS: &[Key] = &[
    key!("data", "directory of everything that is kept", data),
    key!(
        "listen",
        "address of the AWS APIs, the stages and /_fluoro/",
        listen
    ),
    key!("daemon", "address of the X-Ray daemon, UDP and TCP", daemon),
    key!(
        "otlp_http",
        "address of OTLP over HTTP; empty: OTLP is not taken",
        otlp_http
    ),
    key!(
        "sample",
        "what is traced when no custom rule says: all, or rules (1/s and 5 %)",
        sample
    ),
    key!(
        "account",
        "the account that owns everything, 12 digits",
        account
    ),
    key!("region", "the region of calls that name none", region),
    key!(
        "hosts",
        "Host names of management calls besides loopback: fluoro, *.example.test",
        hosts
    ),
    key!(
        "insecure_listen",
        "listen beyond loopback although callers are not asked who they are",
        insecure_listen
    ),
    key!(
        "shutdown",
        "how long requests and functions get to end at a stop",
        shutdown
    ),
    key!(
        "store.blocks",
        "where traces at rest are: empty: in the data directory; or s3://BUCKET/PREFIX",
        store.blocks
    ),
    key!(
        "store.retention",
        "how long after its receipt a document is kept",
        store.retention
    ),
    key!(
        "store.size",
        "size of log and blocks on disk beyond which the oldest traces go",
        store.size
    ),
    key!(
        "store.flush",
        "how long after its receipt a document is written to a block at the latest",
        store.flush
    ),
    key!(
        "store.memory",
        "memory of the hot traces' index, and an eighth more for graphs of minutes; beyond it they are written to blocks",
        store.memory
    ),
    key!("store.cache", "memory of the latest documents", store.cache),
    key!(
        "store.metadata",
        "memory of footers, page indexes and bloom filters of blocks that were asked lately",
        store.metadata
    ),
    key!(
        "bucket.endpoint",
        "address of the store that has the bucket; empty: that of AWS",
        bucket.endpoint
    ),
    key!(
        "bucket.region",
        "region of the bucket; empty: AWS_REGION, AWS_DEFAULT_REGION, or us-east-1",
        bucket.region
    ),
    key!(
        "bucket.path_style",
        "the bucket's name stands in the path, not in the name of the host",
        bucket.path_style
    ),
    key!(
        "bucket.cache",
        "memory of what was read from the bucket",
        bucket.cache
    ),
    key!(
        "query.memory",
        "memory that questions of the X-Ray API hold, all together; beyond it they are refused, as to be asked again",
        query.memory
    ),
    key!(
        "query.scans",
        "how many questions look through many traces at a time; others wait",
        query.scans
    ),
    key!(
        "sql.memory",
        "memory of sorting, grouping and joining for one statement of SQL",
        sql.memory
    ),
    key!(
        "sql.timeout",
        "how long a statement of SQL may take, until its answer is read",
        sql.timeout
    ),
    key!(
        "otlp.indexed_attributes",
        "span attributes that become annotations; *: all",
        otlp.indexed_attributes
    ),
    key!(
        "sampling.keep_faults",
        "record afterwards what failed although it was not sampled",
        sampling.keep_faults
    ),
    key!(
        "sampling.keep_slow",
        "record afterwards what took so long although it was not sampled; 0s: nothing",
        sampling.keep_slow
    ),
    key!(
        "sampling.recent",
        "requests that are remembered, to say why they were or were not sampled",
        sampling.recent
    ),
    key!(
        "gateway.passive_recording",
        "a stage without tracing records what its caller sampled",
        gateway.passive_recording
    ),
    key!(
        "gateway.http_integration_node",
        "name of an HTTP integration in the map: url, or host",
        gateway.http_integration_node
    ),
    key!(
        "gateway.sampling_header",
        "answers carry x-fluoro-sampling: the decision and its reason",
        gateway.sampling_header
    ),
    key!(
        "functions.lambda_segment_style",
        "segments of functions: v1 (as in guides), or v2 (since 2024)",
        functions.lambda_segment_style
    ),
    key!(
        "functions.lambda_legacy_passthrough",
        "PassThrough functions record what the caller sampled, as until 2024",
        functions.lambda_legacy_passthrough
    ),
    key!(
        "functions.concurrency",
        "environments at the same time, all functions together",
        functions.concurrency
    ),
    key!(
        "functions.idle",
        "how long an unused environment is kept",
        functions.idle
    ),
    key!(
        "functions.retry_intervals",
        "the two waits between attempts of an asynchronous invocation",
        functions.retry_intervals
    ),
    key!(
        "functions.runtime_client",
        "clients of the Runtime API: embedded, or installed (AWS's own where found)",
        functions.runtime_client
    ),
    key!(
        "functions.python",
        "interpreter of python3.* functions; empty: the nearest on PATH",
        functions.python
    ),
    key!(
        "functions.node",
        "interpreter of nodejs* functions; empty: the nearest on PATH",
        functions.node
    ),
    key!(
        "functions.python_packages",
        "directories of packages that Python functions can import",
        functions.python_packages
    ),
    key!(
        "functions.node_modules",
        "node_modules directories that Node.js functions can import from",
        functions.node_modules
    ),
    key!(
        "functions.package_cache",
        "where AWS SDKs are installed that functions import and nobody has; empty: in the user's cache folder",
        functions.package_cache
    ),
    key!(
        "insights.webhook",
        "URL to which changes of insights are posted; empty: none",
        insights.webhook
    ),
    key!(
        "limits.connections",
        "connections at once on each listener",
        limits.connections
    ),
    key!(
        "limits.header",
        "bytes of a request's line and headers",
        limits.header
    ),
    key!(
        "limits.header_timeout",
        "time in which a request's head must have come",
        limits.header_timeout
    ),
    Key {
        name: "limits.trace_size",
        help: "bytes of documents beyond which a trace takes no more, at most 64MB",
        set: |settings, text| {
            let largest = (LARGEST_TRACE, "64MB, the largest trace that is answered");
            settings.limits.trace_size = at_most(largest, text)?;
            Ok(())
        },
        show: |settings| settings.limits.trace_size.show(),
    },
    Key {
        name: "limits.document_size",
        help: "bytes of one segment document, at most 8MB",
        set: |settings, text| {
            let largest = (LARGEST_DOCUMENT, "8MB, the largest document that is stored");
            settings.limits.document_size = at_most(largest, text)?;
            Ok(())
        },
        show: |settings| settings.limits.document_size.show(),
    },
    key!(
        "limits.otlp_request",
        "bytes of one OTLP request, as sent and unpacked",
        limits.otlp_request
    ),
    key!(
        "limits.trace_annotations",
        "annotations that are indexed of one trace",
        limits.trace_annotations
    ),
    key!(
        "limits.summaries_window",
        "longest window of a list of traces",
        limits.summaries_window
    ),
    key!(
        "limits.graph_window",
        "longest window of a service graph",
        limits.graph_window
    ),
    key!(
        "limits.summaries_page",
        "traces in one page of a list",
        limits.summaries_page
    ),
];

/// The section whose keys are signing names: `downstream.dynamodb`.
pub(super) const DOWNSTREAM: &str = "downstream.";

/// The key of this name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

// === impl Key ===

impl Key {
    /// The environment variable that sets it: `FLUORO_GATEWAY_PASSIVE_RECORDING`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("FLUORO_{}", self.name.replace('.', "_").to_uppercase())
    }
}
