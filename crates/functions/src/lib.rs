//! The Lambda service: functions, their execution environments, the Runtime API, queues, limits.

//!
//! | module | holds |
//! |---|---|
//! | `functions`, `manage`, `events` | the handle: invoking, changing, accepting events |
//! | `live` | one function in memory: what runs, its pool of environments |
//! | `run` | one run: answer, log lines, the function's segment |
//! | `alive` | which environments there are, for who asks |
//! | `environment`, `process`, `sandbox`, `memory` | one environment, its process and its limits |
//! | `runtime_api` | what the runtime in an environment speaks with |
//! | `tracing_plan`, `segments`, `cause` | what is recorded, and how it looks |
//! | `code`, `listing`, `runtime`, `clients` | archives and their files, interpreters, our own runtime clients |
//! | `dependencies` | the AWS SDKs that functions expect to be there |
//! | `log` | what functions write |
//!
//! What is deliberately absent: the Lambda API's wire forms (`api-lambda`), X-Ray's daemon sockets (the server's,
//! behind [`DaemonHost`]), and who may invoke: that was decided before [`Invoker::invoke`].

mod alive;
mod arn;
mod cause;
mod clients;
mod code;
mod daemon_host;
mod dependencies;
mod environment;
mod events;
mod functions;
mod invoke;
mod leftovers;
mod listing;
mod live;
mod log;
mod manage;
mod memory;
mod process;
mod record;
mod run;
mod runtime;
mod runtime_api;
pub mod sandbox;
mod segments;
mod settings;
mod tracing_plan;

pub use alive::{AliveEnvironment, EnvironmentState};
pub use arn::{FunctionArn, NameError};
pub use code::{CodeError, UNZIPPED_LIMIT, ZIPPED_LIMIT};
pub use daemon_host::{Daemon, DaemonHost, DaemonOwner, WriteGate};
pub use dependencies::DependencyError;
pub use events::{AcceptedEvent, EVENT_LIMIT};
pub use functions::{Functions, InvocationSampler, OpenError, PAYLOAD_LIMIT, Parts};
pub use invoke::{FunctionError, Invocation, InvokeError, Invoker, LogTail, Outcome};
pub use listing::{CodeFile, CodeListing};
pub use log::{FunctionLog, LogEvent};
pub use manage::{ManageError, NewFunction};
pub use record::{
    Code, Configuration, Function, Release, State, Statement, TracingMode, UpdateStatus,
};
pub use runtime::{Family, IDENTIFIERS, MissingInterpreter, version_arn};
pub use settings::{Interpreters, RuntimeClient, SandboxCommand, SegmentStyle, Settings};

/// An error with everything below it, for a reader.
fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(source) = below {
        text.push_str(": ");
        text.push_str(&source.to_string());
        below = source.source();
    }
    text
}
