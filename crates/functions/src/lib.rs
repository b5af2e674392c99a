//! The Lambda service: functions, their execution environments, the Runtime API, queues, limits.

mod arn;
mod daemon_host;
mod functions;
mod invoke;
mod record;
pub mod sandbox;
mod settings;

pub use arn::{FunctionArn, NameError};
pub use daemon_host::{Daemon, DaemonHost, DaemonOwner, WriteGate};
pub use functions::{Functions, InvocationSampler, OpenError, Parts};
pub use invoke::{FunctionError, Invocation, InvokeError, Invoker, LogTail, Outcome};
pub use record::{
    Code, Configuration, Function, Release, State, Statement, TracingMode, UpdateStatus,
};
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
