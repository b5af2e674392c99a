//! One synchronous invocation, as its callers see it.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_model::TraceHeader;

/// A request to run a function once and wait for its answer.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The function's ARN, with a qualifier if one was asked for.
    pub function_arn: String,
    /// The event, as bytes. Not checked to be JSON here.
    pub payload: Bytes,
    /// The caller's trace context; its `parent` becomes the parent of the service's segment.
    pub trace: TraceHeader,
    /// `X-Amz-Client-Context`, decoded from base64.
    pub client_context: Option<Bytes>,
    /// Whether the caller wants the end of the log.
    pub log_tail: LogTail,
}

/// Whether the last 4 KB of the log come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogTail {
    /// No.
    #[default]
    None,
    /// Yes: `X-Amz-Log-Type: Tail`.
    Tail,
}

/// What an invocation came to. A function that failed is an outcome too: Lambda answers it with 200.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The result, or the error document, as the runtime posted it.
    pub payload: Bytes,
    /// Set when the function failed.
    pub error: Option<FunctionError>,
    /// `$LATEST` or a number.
    pub executed_version: String,
    /// The id that is in the log, in the segment and in `x-amzn-RequestId`.
    pub request_id: String,
    /// The header to pass back to the caller (`X-Amzn-Trace-Id` of the Invoke answer).
    pub trace: TraceHeader,
    /// The last 4096 bytes of the log, when asked for.
    pub log_tail: Option<Bytes>,
}

/// Why a function's answer is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionError {
    /// The only kind that AWS reports today, in `X-Amz-Function-Error`.
    Unhandled,
}

/// Why there was no invocation at all.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// No such function, version or alias. Answered 404.
    #[error("function not found: {arn}")]
    NotFound {
        /// The ARN that was asked for, qualified.
        arn: String,
    },
    /// The function is being created, or could not be. Answered 409.
    #[error("the function is currently in the following state: {state}")]
    NotReady {
        /// `Pending` or `Failed`.
        state: String,
    },
    /// No environment may be added. Answered 429.
    #[error("rate exceeded ({reason})")]
    Throttled {
        /// AWS's word for which limit.
        reason: &'static str,
        /// The trace header of the answer.
        trace: Box<TraceHeader>,
    },
    /// The event is larger than the invocation type allows. Answered 413.
    #[error("{size} byte payload is too large (limit {limit} bytes)")]
    TooLarge {
        /// Bytes that came.
        size: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// We failed: no process could be started, no file written. Answered 500.
    #[error("failed to run the function")]
    Service(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Runs functions. The gateway knows no more of them than this.
#[async_trait]
pub trait Invoker: Send + Sync + fmt::Debug {
    /// Runs the function once and waits for what it answers. Who may call was decided before.
    async fn invoke(&self, invocation: Invocation) -> Result<Outcome, InvokeError>;

    /// The function's resource policy (a JSON document), if the function exists and has one.
    async fn resource_policy(&self, function_arn: &str) -> Result<Option<String>, InvokeError>;
}
